import CPlatform
import Synchronization

/// Ends a wait on another thread: the one wake-up of this program.
///
/// A class because it owns a descriptor that two threads share.
package final class WakeUp: Sendable {
    /// The descriptor that poll(2) finds readable once ``wake()`` was called.
    package let descriptor: Int32
    private let isOpen = Mutex(true)

    /// Opens the descriptor; returns nil if the process has none left, with the reason in errno.
    package init?() {
        descriptor = wake_up_make()
        if descriptor < 0 { return nil }
    }

    deinit { shut() }

    /// Ends the current or else the next wait; may be called at any time, from any thread, and never blocks.
    ///
    /// Does nothing after ``shut()``.
    package func wake() {
        isOpen.withLock { isOpen in
            if isOpen { wake_up_wake(descriptor) }
        }
    }

    /// Closes the descriptor; no thread may wait any more.
    ///
    /// This is not left to `deinit` where it is unknown when the last thread releases the object.
    package func shut() {
        isOpen.withLock { isOpen in
            if isOpen, descriptor >= 0 { close(descriptor) }
            isOpen = false
        }
    }

    /// Undoes ``wake()``, so that the next wait lasts until the next call of it.
    package func reset() { wake_up_reset(descriptor) }

    /// Whether it was woken.
    package var isAwake: Bool { wait(or: nil, until: .now) == .woken }

    /// Waits until it is woken, for at most this long, on a thread that may block.
    ///
    /// - Returns: Whether it was woken.
    package func wait(_ duration: Duration) -> Bool { wait(or: nil, until: .now.advanced(by: duration)) == .woken }

    /// Why a wait ended.
    package enum Wake { case woken, changed, timedOut }

    /// Waits, on a thread that may block, until it is woken or a descriptor can be read.
    package func wait(or other: Int32?, until end: ContinuousClock.Instant) -> Wake {
        while true {
            // poll(2) passes over a descriptor that is negative.
            var entries = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: other ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            let rest = max(.zero, ContinuousClock.now.duration(to: end)) / .milliseconds(1)
            let found = poll(&entries, 2, Int32(min(rest.rounded(.up), 3_600_000)))
            if found > 0 { return entries[0].revents != 0 ? .woken : .changed }
            if found == 0, ContinuousClock.now >= end { return .timedOut }
            // A signal came, or the wait was longer than poll(2) can count. Any other error must not become an endless
            // loop.
            if found < 0, errno != EINTR { return .woken }
        }
    }
}
