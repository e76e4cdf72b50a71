import Synchronization
import TaskRun

/// The host's places for handlers, for a run that somebody looks at: says whether other runs have all of them.
final class WatchedSlots: HostSlots {
    private let slots: FileSlots
    private let held = Mutex(0)
    private let tell: @Sendable (_ isCrowded: Bool) -> Void

    /// Watches places.
    ///
    /// - Parameters:
    ///   - slots: The places.
    ///   - tell: Is told at each try to take some whether the run has none after it.
    init(_ slots: FileSlots, tell: @escaping @Sendable (_ isCrowded: Bool) -> Void) {
        self.slots = slots
        self.tell = tell
    }

    func take(upTo count: Int) -> Int {
        let taken = slots.take(upTo: count)
        let isCrowded = held.withLock { held in
            held += taken
            return held == 0
        }
        if count > 0 { tell(isCrowded) }
        return taken
    }

    func release(_ count: Int) {
        slots.release(count)
        held.withLock { $0 -= count }
    }
}
