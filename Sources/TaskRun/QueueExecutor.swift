import Dispatch

/// Runs an actor on a serial dispatch queue of its own: for the stores, whose calls block.
///
/// On Swift's cooperative pool, which has one thread a core, a server that does not answer would stop everything else;
/// here it stops only the actor that asked.
package final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    /// Makes a queue; the label is seen in a debugger.
    package init(label: String) { queue = DispatchQueue(label: label) }

    /// Runs a job of the actor.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// Ends the program if this is another thread than the queue's.
    package func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
