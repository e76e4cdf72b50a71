import CPlatform
import Synchronization

/// Ends a wait on another thread: the one wake-up of this program.
///
/// A class because it owns a descriptor that two threads share.
package final class Bell: Sendable {
    /// Readable, to poll(2), once ``ring()`` was called.
    package let descriptor: Int32
    private let isOpen = Mutex(true)

    /// Opens the descriptor; nil where the process has none left, for the reason in errno.
    package init?() {
        descriptor = bell_make()
        if descriptor < 0 { return nil }
    }

    deinit { shut() }

    /// Ends the wait, now or when the thread next waits; may be called at any time, from anywhere, and never blocks.
    ///
    /// Does nothing after ``shut()``.
    package func ring() {
        isOpen.withLock { isOpen in
            if isOpen { bell_ring(descriptor) }
        }
    }

    /// Gives the descriptor back; no thread may wait any more.
    ///
    /// Not left to `deinit` where it is not known when the last thread lets go of it.
    package func shut() {
        isOpen.withLock { isOpen in
            if isOpen, descriptor >= 0 { close(descriptor) }
            isOpen = false
        }
    }

    /// Makes it silent again until the next ``ring()``.
    package func reset() { bell_reset(descriptor) }

    /// Whether it was rung.
    package var isRung: Bool { wait(or: nil, until: .now) == .rung }

    /// Waits until it rings, this long at most, on a thread that may block.
    ///
    /// - Returns: Whether it did.
    package func wait(_ duration: Duration) -> Bool { wait(or: nil, until: .now.advanced(by: duration)) == .rung }

    /// What a wait ended with.
    package enum Wake { case rung, changed, timedOut }

    /// Waits, on a thread that may block, until it rings or a descriptor can be read.
    package func wait(or other: Int32?, until end: ContinuousClock.Instant) -> Wake {
        while true {
            // poll(2) passes over a descriptor that is negative.
            var places = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: other ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            let rest = max(.zero, ContinuousClock.now.duration(to: end)) / .milliseconds(1)
            let found = poll(&places, 2, Int32(min(rest.rounded(.up), 3_600_000)))
            if found > 0 { return places[0].revents != 0 ? .rung : .changed }
            if found == 0, ContinuousClock.now >= end { return .timedOut }
            // A signal came, or the wait was longer than poll can count; any other trouble must not become a circle.
            if found < 0, errno != EINTR { return .rung }
        }
    }
}
