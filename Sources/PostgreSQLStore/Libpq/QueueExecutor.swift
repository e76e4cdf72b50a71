import Dispatch

/// Runs an actor on a serial dispatch queue of its own.
///
/// libpq's calls block. On Swift's cooperative pool, which has one thread a core, a server that does not answer would
/// stop everything else; here it stops only the actor that asked.
final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
