import Platform
import SystemPackage
import TaskRun

extension BlockingThread {
    /// Runs code that waits for a program, and waits for its end without a thread.
    ///
    /// One thread a program, which starts it, feeds and reads it, and reaps it: no hand-over in between.
    ///
    /// - Parameter body: Gets a bell that rings when the calling Swift task is cancelled.
    /// - Returns: What `body` returned; cancellation does not shorten it by itself.
    /// - Throws: ``StartError`` where this process may have no more threads or descriptors.
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable (Bell) -> Value
    ) async throws(StartError) -> Value {
        let cancelled = try Bell.opened()
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
            cancelled.ring()
        }
        return try result.get()
    }
}
