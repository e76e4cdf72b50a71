import Platform
import SystemPackage
import TaskRun

extension BlockingThread {
    /// Runs code that blocks while a program runs, and waits for its end without blocking a thread.
    ///
    /// There is one thread per program, which starts it, exchanges data with it and reaps it: no hand-over in between.
    ///
    /// - Parameter body: Receives the wake-up for the moment when the calling Swift task is cancelled.
    /// - Returns: What `body` returned; cancellation alone does not shorten it.
    /// - Throws: ``StartError`` if this process may have no more threads or descriptors.
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable (WakeUp) -> Value
    ) async throws(StartError) -> Value {
        let cancelled = try WakeUp.opened()
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
}
