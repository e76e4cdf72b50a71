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
/// One thread a program, which starts it, feeds and reads it, and reaps it: no hand-over in between.
enum BlockingThread {
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
                let error = start { continuation.resume(returning: .success(body(cancelled))) }
                if error != 0 { continuation.resume(returning: .failure(StartError(reason: Errno(rawValue: error)))) }
            }
        } onCancel: {
            cancelled.wake()
        }
        return try result.get()
    }

    private final class Work: Sendable {
        let perform: @Sendable () -> Void
        init(_ perform: @escaping @Sendable () -> Void) { self.perform = perform }
    }

    /// Much more than is needed, and little enough that the C library keeps the stacks of many threads for the next ones.
    private static let stackSize = 512 * 1024

    /// Starts a thread that nobody waits for; returns an error number or 0.
    private static func start(_ perform: @escaping @Sendable () -> Void) -> Int32 {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackSize)
        let work = Unmanaged.passRetained(Work(perform))
        var thread = pthread_t()
        let error = pthread_create(
            &thread,
            &attributes,
            { work in
                guard let work else { return nil }
                Unmanaged<Work>.fromOpaque(work).takeRetainedValue().perform()
                return nil
            },
            work.toOpaque()
        )
        if error != 0 { work.release() }
        return error
    }
}
