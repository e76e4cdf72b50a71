/// Some queues, named one by one or by patterns: `mail`, `mail-*`, all but `bulk`.
///
/// A `*` stands for any characters, none included; everything else for itself.
public struct QueueFilter: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// Names and patterns; a queue has to fit one of them.
    public let words: [String]
    /// Names and patterns that it must not fit.
    public let except: [String]

    /// Creates a filter; without words it lets nothing through.
    public init(_ words: [String], except: [String] = []) {
        self.words = words
        self.except = except
    }

    /// Creates a filter without exceptions.
    public init(arrayLiteral words: String...) { self.init(words) }

    /// What a list says: `high,default,mail-*,!bulk` is three filters, to be emptied in this order, each without `bulk`.
    ///
    /// A list of exceptions only means all the others; an empty list says nothing.
    public static func groups(_ list: [String]) -> [QueueFilter] {
        let except = list.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) }
        let words = list.filter { !$0.hasPrefix("!") }
        if words.isEmpty { return except.isEmpty ? [] : [QueueFilter(["*"], except: except)] }
        return words.map { QueueFilter([$0], except: except) }
    }

    /// All that any of these lets through; nil for none of them: there is no filter.
    ///
    /// They have their exceptions in common.
    public static func all(of groups: [QueueFilter]) -> QueueFilter? {
        groups.first.map { QueueFilter(groups.flatMap(\.words), except: $0.except) }
    }

    /// The queues, where all are named one by one; nil where there are patterns or exceptions.
    public var names: [String]? { except.isEmpty && !words.contains { $0.contains("*") } ? words : nil }

    /// Whether it lets a queue through.
    public func contains(_ queue: String) -> Bool {
        let queue = Array(queue.utf8)
        return words.contains { Self.fits(queue[...], Array($0.utf8)[...]) }
            && !except.contains { Self.fits(queue[...], Array($0.utf8)[...]) }
    }

    /// The longest stretch is tried for the last star only: time grows with the length of the name, not with its powers.
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
