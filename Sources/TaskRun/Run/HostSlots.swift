import Synchronization

/// The handler slots of this host, shared by all runs so that overlapping runs do not pile up.
///
/// A run holds one slot for each handler that runs. A run that dies loses its slots at once.
public protocol HostSlots: Sendable {
    /// Takes free slots, at most this many; never waits.
    ///
    /// - Returns: How many were taken.
    func take(upTo count: Int) -> Int
    /// Gives slots back that were taken.
    func release(_ count: Int)
}

/// Slots that are counted in this process alone: for a program with one run, and for tests.
public final class ProcessSlots: HostSlots {
    private let free: Mutex<Int>

    /// Creates this many slots.
    public init(_ count: Int) { free = Mutex(count) }

    /// Takes free slots, at most this many.
    public func take(upTo count: Int) -> Int {
        free.withLock { free in
            let taken = max(0, min(count, free))
            free -= taken
            return taken
        }
    }

    /// Gives slots back.
    public func release(_ count: Int) { free.withLock { $0 += count } }
}
