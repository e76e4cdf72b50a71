import Synchronization

/// Runs an actor on a thread of its own, which it has while there is something to run.
///
/// For work that blocks, as libpq's calls and a run that waits for its handlers do: on Swift's cooperative pool, which has
/// one thread a core, it would stop everything else; and the other way round, handlers that keep every core busy do not
/// keep the actor from its work. Nor do others that block, however many: a run with 1000 scripts in progress, each on a
/// connection that waits for the server, still renews its leases.
package final class QueueExecutor: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        /// Whether a thread is at it, or on its way.
        var isServed = false
    }

    private let state = Mutex(State())

    package init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wantsThread = state.withLock { state in
            state.jobs.append(job)
            defer { state.isServed = true }
            return !state.isServed
        }
        if wantsThread { BlockingThread.beginSurely { [self] in serve() } }
    }

    private func serve() {
        while let jobs = take() {
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }

    /// Takes what waits, in the order in which it came; nil: nothing, and the next job brings a thread.
    private func take() -> [UnownedJob]? {
        state.withLock { state in
            guard !state.jobs.isEmpty else {
                state.isServed = false
                return nil
            }
            defer { state.jobs = [] }
            return state.jobs
        }
    }
}
