import Dispatch

/// Runs an actor on a thread of its own.
///
/// For work that blocks, as libpq's calls and a run that waits for its handlers do: on Swift's cooperative pool, which has
/// one thread a core, it would stop everything else; and the other way round, handlers that keep every core busy do not
/// keep the actor from its work.
package final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    /// - Parameter label: A name for the queue, seen in a debugger.
    package init(label: String) { queue = DispatchQueue(label: label) }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    package func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
