import Synchronization

/// Runs an actor on its own thread, which it has only while there is work.
///
/// This is for work that blocks, such as libpq's calls and a run that waits for its handlers. Swift's cooperative pool
/// has one thread per core, so blocking there would stop everything else. Handlers that keep every core busy do not
/// delay the actor either. Other blocking work does not delay it, however much there is: a run with 1000 scripts in
/// progress, each on a connection that waits for the server, still renews its leases.
package final class QueueExecutor: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        /// Whether a thread runs the jobs, or is about to.
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

    /// Takes the waiting jobs, in the order in which they came; returns nil if there are none, and the next job starts
    /// a thread.
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
