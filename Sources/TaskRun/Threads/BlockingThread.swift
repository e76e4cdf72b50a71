import Dispatch
import Platform
import Synchronization

/// A thread of its own for code that blocks: the few threads that all Swift tasks share never do.
///
/// Not one of libdispatch's: it has 255 at most, and its global queue's are, on Linux, those that Swift tasks run on. A thread
/// that is done waits a while for the next work. A class because the one that gives the work and the one that does it
/// share it.
package final class BlockingThread: Sendable {
    /// What is to be done, and what comes of it is told by the function it returns.
    package typealias Work = @Sendable () -> @Sendable () -> Void

    private struct Idle {
        var threads: [BlockingThread] = []
        /// So many are left for what must be done: see ``keep(_:)``.
        var kept = 0
    }

    private static let idle = Mutex(Idle())
    private let work: Mutex<Work?>
    private let hasWork = DispatchSemaphore(value: 0)

    private init(_ work: @escaping Work) { self.work = Mutex(work) }

    /// Gives the work to a thread that waits for some, or else to a new one.
    ///
    /// - Returns: 0, or the error number where this process may have no more threads.
    package static func begin(_ work: @escaping Work) -> Int32 { begin(work, isEssential: false) }

    private static func begin(_ work: @escaping Work, isEssential: Bool) -> Int32 {
        let known = idle.withLock { idle in
            // The last one that came is the first to go: its stack is still in the processor's cache.
            idle.threads.count > (isEssential ? 0 : idle.kept) ? idle.threads.popLast() : nil
        }
        guard let thread = known else { return BlockingThread(work).start() }
        thread.work.withLock { $0 = work }
        thread.hasWork.signal()
        return 0
    }

    /// Gives the work to a thread, if need be as soon as this process may have one more.
    package static func beginSurely(_ work: @escaping @Sendable () -> Void) {
        let work: Work = {
            work()
            return {}
        }
        while begin(work, isEssential: true) != 0 { usleep(100_000) }
    }

    /// Makes threads that stay, for ``beginSurely(_:)`` alone: what must be done then has one whatever becomes of the machine.
    ///
    /// - Returns: 0, or the error number where this process may not have so many more.
    package static func keep(_ count: Int) -> Int32 {
        for _ in 0..<count {
            let error = BlockingThread { {} }.start()
            guard error == 0 else { return error }
        }
        idle.withLock { $0.kept += count }
        return 0
    }

    /// Whether this process may have one more thread at this moment.
    package static func isToBeHad() -> Bool { BlockingThread { {} }.start() == 0 }

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
            // It is kept, or somebody has just taken it from the list, so that work is on its way.
            if !leaves { hasWork.wait() }
        }
    }

    /// Does the work, and lets go of all that belongs to it; false: there is none.
    private func perform() -> Bool {
        guard let work = work.withLock({ $0.take() }) else { return false }
        let tell = work()
        // Before it is told: who hears it may have the next work at once.
        Self.idle.withLock { $0.threads.append(self) }
        tell()
        return true
    }

    /// How long a thread without work stays.
    private static let patience = DispatchTimeInterval.seconds(5)

    /// What Linux gives to a first thread, for JSON of 1,000 levels is read on it.
    ///
    /// Only what is used of it takes memory.
    private static let stackSize = 8 * 1024 * 1024

    /// Starts the thread, which nobody waits for; returns an error number or 0.
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
