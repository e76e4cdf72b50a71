import Dispatch
import Synchronization

/// A thread for code that blocks, because the few threads that all Swift tasks share must never block.
///
/// It is not a thread of libdispatch: that has at most 255, and on Linux Swift tasks run on the threads of its global
/// queue. A finished thread waits a while for more work. A class because the caller and the thread share it.
package final class BlockingThread: Sendable {
    /// What to do on the thread; the function that it returns then delivers the result.
    package typealias Work = @Sendable () -> @Sendable () -> Void

    private struct Idle {
        var threads: [BlockingThread] = []
        /// How many idle threads are reserved for work that must be done: see ``keep(_:)``.
        var kept = 0
    }

    private static let idle = Mutex(Idle())
    private let work: Mutex<Work?>
    private let hasWork = DispatchSemaphore(value: 0)

    private init(_ work: @escaping Work) { self.work = Mutex(work) }

    /// Gives the work to an idle thread, or else to a new one.
    ///
    /// - Returns: 0, or the error number if this process may have no more threads.
    package static func begin(_ work: @escaping Work) -> Int32 { begin(work, isEssential: false) }

    private static func begin(_ work: @escaping Work, isEssential: Bool) -> Int32 {
        let known = idle.withLock { idle in
            // The thread that became idle last is used first: its stack is still in the processor's cache.
            idle.threads.count > (isEssential ? 0 : idle.kept) ? idle.threads.popLast() : nil
        }
        guard let thread = known else { return BlockingThread(work).start() }
        thread.work.withLock { $0 = work }
        thread.hasWork.signal()
        return 0
    }

    /// Gives the work to a thread; if none is free, waits until this process may have one more.
    package static func beginSurely(_ work: @escaping @Sendable () -> Void) {
        let work: Work = {
            work()
            return {}
        }
        while begin(work, isEssential: true) != 0 { usleep(100_000) }
    }

    /// Makes threads that stay, for ``beginSurely(_:)`` alone, so that work that must be done always has one.
    ///
    /// - Returns: 0, or the error number if this process may not have that many more.
    package static func keep(_ count: Int) -> Int32 {
        for _ in 0..<count {
            let error = BlockingThread { {} }.start()
            guard error == 0 else { return error }
        }
        idle.withLock { $0.kept += count }
        return 0
    }

    /// Whether this process may have one more thread at this moment.
    package static func isAvailable() -> Bool { BlockingThread { {} }.start() == 0 }

    private func goOn() {
        while perform() {
            guard hasWork.wait(timeout: .now() + Self.patience) == .timedOut else { continue }
            let leaves = Self.idle.withLock { idle in
                guard idle.threads.count > idle.kept, let place = idle.threads.firstIndex(where: { $0 === self }) else {
                    return false
                }
                idle.threads.remove(at: place)
                return true
            }
            // The thread is reserved, or another one has just removed it from the list, so that work is on its way.
            if !leaves { hasWork.wait() }
        }
    }

    /// Does the work and releases all that belongs to it; returns false if there is none.
    private func perform() -> Bool {
        guard let work = work.withLock({ $0.take() }) else { return false }
        let tell = work()
        // Before the result is delivered: its receiver may have more work at once.
        Self.idle.withLock { $0.threads.append(self) }
        tell()
        return true
    }

    /// How long a thread without work stays.
    private static let patience = DispatchTimeInterval.seconds(5)

    /// The stack size that Linux gives to a first thread, because JSON of 1,000 levels is read on it.
    ///
    /// Only the used part of it takes memory.
    private static let stackSize = 8 * 1024 * 1024

    /// Starts the thread, which is never joined; returns an error number or 0.
    private func start() -> Int32 {
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        pthread_attr_init(attributes)
        defer {
            pthread_attr_destroy(attributes)
            attributes.deallocate()
        }
        pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(attributes, Self.stackSize)
        let retained = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let error = pthread_create(
            &thread,
            attributes,
            { retained in
                guard let retained else { return nil }
                Unmanaged<BlockingThread>.fromOpaque(retained).takeRetainedValue().goOn()
                return nil
            },
            retained.toOpaque()
        )
        if error != 0 { retained.release() }
        return error
    }
}
