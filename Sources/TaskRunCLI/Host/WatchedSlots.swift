import Synchronization
import TaskRun

/// The host's handler slots for a run that a person watches: reports whether other runs use all of them.
final class WatchedSlots: HostSlots {
    private let slots: FileSlots
    private let held = Mutex(0)
    private let tell: @Sendable (_ isCrowded: Bool) -> Void

    /// Watches slots.
    ///
    /// - Parameters:
    ///   - slots: The slots.
    ///   - tell: Receives, after each try to take some, whether the run has none.
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
