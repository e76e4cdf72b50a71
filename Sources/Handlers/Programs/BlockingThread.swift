import Dispatch
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Runs code that waits for a program on a thread of its own: the few threads that all Swift tasks share never block.
///
/// One thread a program, which starts it, feeds and reads it, and reaps it: no hand-over in between. A thread that is done
/// waits a while for the next program. A class because the one that gives the work and the one that does it share it.
final class BlockingThread: Sendable {
    /// Runs `body` and waits for its end, without a thread.
    ///
    /// - Parameter body: Gets a waker that is woken when the calling Swift task is cancelled.
    /// - Returns: What `body` returned; cancellation does not shorten it by itself.
    /// - Throws: ``StartError`` where this process may have no more threads or descriptors.
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable (Waker) -> Value
    ) async throws(StartError) -> Value {
        let cancelled = try Waker()
        defer { cancelled.shut() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, StartError>, Never>) in
                let error = begin {
                    let value = body(cancelled)
                    return { continuation.resume(returning: .success(value)) }
                }
                if error != 0 { continuation.resume(returning: .failure(StartError(reason: Errno(rawValue: error)))) }
            }
        } onCancel: {
            cancelled.wake()
        }
        return try result.get()
    }

    /// What is to be done, and what comes of it is told by the function it returns.
    private typealias Work = @Sendable () -> @Sendable () -> Void

    private static let idle = Mutex<[BlockingThread]>([])
    private let work: Mutex<Work?>
    private let hasWork = DispatchSemaphore(value: 0)

    private init(_ work: @escaping Work) { self.work = Mutex(work) }

    /// Gives the work to a thread that waits for some, or else to a new one; returns an error number or 0.
    private static func begin(_ work: @escaping Work) -> Int32 {
        // The last one that came is the first to go: its stack is still in the processor's cache.
        guard let thread = idle.withLock({ $0.popLast() }) else { return BlockingThread(work).start() }
        thread.work.withLock { $0 = work }
        thread.hasWork.signal()
        return 0
    }

    private func goOn() {
        while perform() {
            guard hasWork.wait(timeout: .now() + Self.patience) == .timedOut else { continue }
            let isIdle = Self.idle.withLock { idle in
                let place = idle.firstIndex { $0 === self }
                if let place { idle.remove(at: place) }
                return place != nil
            }
            // Somebody has just taken it from the list, so work is on its way.
            if !isIdle { hasWork.wait() }
        }
    }

    /// Does the work, and lets go of all that belongs to it; false: there is none.
    private func perform() -> Bool {
        guard let work = work.withLock({ $0.take() }) else { return false }
        let tell = work()
        // Before it is told: who hears it may have the next work at once.
        Self.idle.withLock { $0.append(self) }
        tell()
        return true
    }

    /// How long a thread without work stays.
    private static let patience = DispatchTimeInterval.seconds(5)

    /// Much more than is needed.
    private static let stackSize = 512 * 1024

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
