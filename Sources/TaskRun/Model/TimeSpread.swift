/// How long things took: how many there were, their sum, the longest one, and how many are in each bucket.
///
/// The buckets are the same everywhere, so the spreads of several hosts and minutes add up. There are 128: four for
/// each power of two, from 1 ms to 99 days. A time in a bucket differs from the bucket's bounds by a quarter at most.
public struct TimeSpread: Sendable, Equatable {
    /// The number of buckets.
    public static let buckets = 128
    private static let nanosecondsOfMillisecond: Int64 = 1_000_000

    /// How many are in each bucket; empty buckets at the end are left out.
    public private(set) var counts: [Int64] = []
    /// The sum.
    public private(set) var total = Duration.zero
    /// The longest one.
    public private(set) var longest = Duration.zero

    /// Creates a spread of nothing.
    public init() {}

    /// How many there are.
    public var count: Int64 { counts.reduce(0, &+) }

    /// Adds one; a negative one counts as zero.
    public mutating func add(_ time: Duration) {
        let time = max(time, .zero)
        total += time
        if time > longest { longest = time }
        let bucket = Self.bucket(of: time)
        if bucket >= counts.count { grow(to: bucket + 1) }
        counts[bucket] &+= 1
    }

    /// Adds all of another spread.
    public mutating func add(_ other: TimeSpread) {
        total += other.total
        longest = max(longest, other.longest)
        if other.counts.count > counts.count { grow(to: other.counts.count) }
        for (bucket, count) in other.counts.enumerated() { counts[bucket] &+= count }
    }

    private mutating func grow(to count: Int) {
        counts.append(contentsOf: repeatElement(0, count: count - counts.count))
    }

    /// The bucket of a time: bucket 0 up to 1 ms, each next one beyond the bound of the one before.
    static func bucket(of time: Duration) -> Int {
        let (seconds, attoseconds) = time.components
        guard seconds < 8_600_000 else { return buckets - 1 }
        let nanoseconds = seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
        // In whole milliseconds, rounded up, from 0 for the first one.
        let place = UInt64(max(0, nanoseconds &- 1) / nanosecondsOfMillisecond)
        guard place >= 4 else { return Int(place) }
        let power = 63 - place.leadingZeroBitCount
        return min(buckets - 1, (power - 1) * 4 + Int((place >> UInt64(power - 2)) & 3))
    }

    /// The longest time of a bucket.
    public static func bound(of bucket: Int) -> Duration {
        guard bucket >= 4 else { return .milliseconds(bucket + 1) }
        return .milliseconds(Int64(5 + bucket % 4) << Int64(bucket / 4 - 1))
    }

    /// The time that this share of all did not exceed, by the bounds of its bucket; nil if there are none.
    ///
    /// - Parameter share: 0.5 for the median, up to 1.
    /// - Returns: The time, at most ``longest``.
    public func quantile(_ share: Double) -> Duration? {
        let all = count
        guard all > 0 else { return nil }
        let rank = min(max(Int64((share * Double(all)).rounded(.up)), 1), all)
        var before: Int64 = 0
        for (bucket, count) in counts.enumerated() where count > 0 {
            if before + count >= rank {
                let start = bucket > 0 ? Self.bound(of: bucket - 1) : .zero
                let part = Double(rank - before) / Double(count)
                return min(start + (Self.bound(of: bucket) - start) * part, longest)
            }
            before += count
        }
        return longest
    }

    /// How many did not take longer than the bound of this bucket.
    public func count(upTo bucket: Int) -> Int64 { counts.prefix(bucket + 1).reduce(0, &+) }
}

extension TimeSpread {
    /// The buckets that are not empty, as a JSON object from their numbers to their counts.
    package var json: String {
        let members = counts.enumerated().filter { $1 != 0 }.map { "\"\($0)\":\($1)" }
        return "{\(members.joined(separator: ","))}"
    }

    /// Reads columns; what is no such object has no buckets.
    ///
    /// - Parameters:
    ///   - json: As ``json`` writes it.
    ///   - microseconds: The sum.
    ///   - longest: The longest one, in microseconds.
    package init(json: [UInt8], microseconds: Int64, longest: Int64) {
        total = .microseconds(microseconds)
        self.longest = .microseconds(longest)
        var numbers: [Int64] = []
        var number: Int64?
        for byte in json {
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                number = min(number ?? 0, Int64.max / 16) &* 10 &+ Int64(byte - UInt8(ascii: "0"))
            } else if let known = number {
                numbers.append(known)
                number = nil
            }
        }
        for index in stride(from: 0, to: numbers.count - 1, by: 2) {
            let (bucket, count) = (numbers[index], numbers[index + 1])
            guard bucket < Self.buckets, count > 0 else { continue }
            if bucket >= counts.count { grow(to: Int(bucket) + 1) }
            counts[Int(bucket)] = count
        }
    }
}
