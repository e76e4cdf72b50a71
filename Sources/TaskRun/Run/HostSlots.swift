import Synchronization

/// The places for handlers on this host, shared by all runs: overlapping runs must not pile up.
///
/// One place is held for each handler that is being performed. A run that dies loses its places at once.
public protocol HostSlots: Sendable {
    /// Takes free places, at most this many; never waits.
    ///
    /// - Returns: How many were taken.
    func take(upTo count: Int) -> Int
    /// Gives places back that were taken.
    func release(_ count: Int)
}

/// Places that are counted in this process alone: for a program with one run, and for tests.
public final class ProcessSlots: HostSlots {
    private let free: Mutex<Int>

    /// Creates this many places.
    public init(_ count: Int) { free = Mutex(count) }

    /// Takes free places, at most this many.
    public func take(upTo count: Int) -> Int {
        free.withLock { free in
            let taken = max(0, min(count, free))
            free -= taken
            return taken
        }
    }

    /// Gives places back.
    public func release(_ count: Int) { free.withLock { $0 += count } }
}
