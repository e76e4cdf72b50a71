#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Ends a wait on another thread.
///
/// A class: it owns a pipe, at which the waiting thread looks.
package final class Bell: Sendable {
    private let input: Int32
    private let output: Int32

    /// Opens the pipe; nil where the process has no descriptor left.
    package init?() {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return nil }
        (output, input) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    deinit {
        close(input)
        close(output)
    }

    /// Ends the wait; may be called at any time, from anywhere.
    package func ring() {
        var byte: UInt8 = 1
        _ = write(input, &byte, 1)
    }

    /// What a wait ended with.
    package enum Wake { case rung, changed, timedOut }

    /// Waits, on a thread that may block, until it rings or a descriptor can be read.
    package func wait(or descriptor: Int32?, until end: ContinuousClock.Instant) -> Wake {
        while true {
            // poll(2) passes over a descriptor that is negative.
            var places = [
                pollfd(fd: output, events: Int16(POLLIN), revents: 0),
                pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0),
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
