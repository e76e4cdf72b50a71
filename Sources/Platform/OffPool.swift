/// Does work that may take long, or wait for a disk, on a thread of its own.
///
/// The few threads that all handlers share stay free.
package func offPool<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        BlockingThread.beginSurely { continuation.resume(returning: work()) }
    }
}
