import CSpawn
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Wakes a thread that waits in poll(2) for its children.
///
/// A class because it owns a descriptor that two threads share.
final class Waker: Sendable {
    /// Readable, to poll(2), once ``wake()`` was called.
    let descriptor: Int32
    private let isOpen = Mutex(true)

    init() throws(StartError) {
        descriptor = make_wake_descriptor()
        guard descriptor >= 0 else { throw StartError(reason: Errno(rawValue: errno)) }
    }

    deinit { shut() }

    /// Wakes the thread, now or when it next waits; never blocks.
    ///
    /// Does nothing after ``shut()``.
    func wake() {
        isOpen.withLock { isOpen in
            if isOpen { wake_descriptor(descriptor) }
        }
    }

    /// Gives the descriptor back; nobody may wait any more.
    ///
    /// Not left to `deinit`, as nobody knows when the last thread that had to do with it lets go of it.
    func shut() {
        isOpen.withLock { isOpen in
            if isOpen { close(descriptor) }
            isOpen = false
        }
    }

    /// Takes note of having been woken: it is not readable until the next ``wake()``.
    func reset() {
        var count: UInt64 = 0
        // Nothing to read is no error: it was not woken.
        _ = readBytes(descriptor, &count, MemoryLayout.size(ofValue: count))
    }

    /// Waits until it is woken, this long at most.
    ///
    /// - Returns: Whether it was.
    func wait(_ duration: Duration = .zero) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, Int32(duration / .milliseconds(1))) > 0
    }
}
