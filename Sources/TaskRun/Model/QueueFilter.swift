/// A selection of queues by names or patterns: `mail`, `mail-*`, all but `bulk`.
///
/// A `*` stands for any characters, including none; everything else stands for itself.
public struct QueueFilter: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// Names and patterns; a queue must fit one of them.
    public let words: [String]
    /// Names and patterns that a queue must not fit.
    public let except: [String]

    /// Creates a filter; without words it selects no queue.
    public init(_ words: [String], except: [String] = []) {
        self.words = words
        self.except = except
    }

    /// Creates a filter without exceptions.
    public init(arrayLiteral words: String...) { self.init(words) }

    /// The filters of a list: `high,default,mail-*,!bulk` gives three filters, to be emptied in this order, each
    /// without `bulk`.
    ///
    /// A list with exceptions only selects all other queues; an empty list gives no filter.
    public static func groups(_ list: [String]) -> [QueueFilter] {
        let except = list.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) }
        let words = list.filter { !$0.hasPrefix("!") }
        if words.isEmpty { return except.isEmpty ? [] : [QueueFilter(["*"], except: except)] }
        return words.map { QueueFilter([$0], except: except) }
    }

    /// The filter that selects everything that any of these selects, or nil if there are none.
    ///
    /// All of them have the same exceptions.
    public static func all(of groups: [QueueFilter]) -> QueueFilter? {
        groups.first.map { QueueFilter(groups.flatMap(\.words), except: $0.except) }
    }

    /// The queues, if all are named one by one, or nil if there are patterns or exceptions.
    public var names: [String]? { except.isEmpty && !words.contains { $0.contains("*") } ? words : nil }

    /// Whether it selects a queue.
    public func contains(_ queue: String) -> Bool {
        let queue = Array(queue.utf8)
        return words.contains { Self.fits(queue[...], Array($0.utf8)[...]) }
            && !except.contains { Self.fits(queue[...], Array($0.utf8)[...]) }
    }

    /// It tries longer texts only for the last `*`, so the time is at most the name's length times the pattern's.
    private static func fits(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
        let star = UInt8(ascii: "*")
        var (text, pattern) = (text, pattern)
        var retry: (text: ArraySlice<UInt8>, pattern: ArraySlice<UInt8>)?
        while let next = text.first {
            if pattern.first == star {
                pattern = pattern.dropFirst()
                retry = (text, pattern)
            } else if pattern.first == next {
                (text, pattern) = (text.dropFirst(), pattern.dropFirst())
            } else if let last = retry {
                (text, pattern) = (last.text.dropFirst(), last.pattern)
                retry = (text, pattern)
            } else {
                return false
            }
        }
        return pattern.allSatisfy { $0 == star }
    }
}
