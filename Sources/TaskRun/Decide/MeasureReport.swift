public import Platform
import Text

/// What to sum up of the measures.
public struct MeasureRequest: Sendable, Equatable {
    /// By what measures are grouped.
    public enum Key: String, Sendable, CaseIterable {
        case name, queue, host
    }

    /// How far back it goes, in whole minutes at least 1.
    public var since: Duration
    /// By what it is grouped.
    public var key: Key
    /// Into how many parts the time is divided.
    public var parts: Int

    /// Creates a request from its parts.
    public init(since: Duration, by key: Key, parts: Int = 1) {
        (self.since, self.key, self.parts) = (max(since, .seconds(60)), key, max(1, parts))
    }
}

/// What was measured within some time, summed up.
public struct MeasureReport: Sendable, Equatable {
    /// What was measured of one name, queue or host.
    public struct Group: Sendable, Equatable {
        /// The name, queue or host.
        public let key: String
        /// What was measured.
        public fileprivate(set) var measure = Measure()
        /// How many tasks succeeded in each part of the time, the oldest first.
        public fileprivate(set) var succeeded: [Int64]
    }

    /// What was asked for.
    public let request: MeasureRequest
    /// The end of the time, on the deciding clock.
    public let now: Date
    private var groupsByKey: [ByteText: Group] = [:]

    /// Prepares for rows.
    public init(_ request: MeasureRequest, now: Date) { (self.request, self.now) = (request, now) }

    /// The groups, by key.
    public var groups: [Group] { groupsByKey.sorted { $0.key < $1.key }.map(\.value) }

    /// All groups together.
    public var all: Measure { groupsByKey.values.reduce(into: Measure()) { $0.add($1.measure) } }

    /// Adds a row.
    public mutating func add(_ row: MeasureRow) {
        let key =
            switch request.key {
            case .name: row.tasks.name
            case .queue: row.tasks.queue
            case .host: row.host
            }
        let empty = Group(key: key, succeeded: Array(repeating: 0, count: request.parts))
        var place = 0
        if let minute = row.minute { place = part(of: minute) }
        groupsByKey[ByteText(key), default: empty].add(row.tasks.measure, place)
    }

    /// A row of another clock belongs to the first or the last part.
    private func part(of minute: Date) -> Int {
        let (age, whole) = (now.timeIntervalSince(minute), request.since / .seconds(1))
        let share = min(max(0, 1 - age / whole), 1)
        return min(Int(share * Double(request.parts)), request.parts - 1)
    }
}

extension MeasureReport.Group {
    fileprivate mutating func add(_ other: Measure, _ part: Int) {
        measure.add(other)
        succeeded[part] += other.succeeded
    }
}
