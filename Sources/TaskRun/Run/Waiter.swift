/// Waits for something to do.
final class Waiter {
    private let run: RunShared
    private let notices: Notices
    private let pulse: RunPulse

    init(_ run: RunShared, notices: Notices, pulse: RunPulse) {
        (self.run, self.notices, self.pulse) = (run, notices, pulse)
    }

    /// Waits until this run may claim.
    ///
    /// - Returns: Whether this run is needed.
    func takeRole() async -> Bool {
        guard let role = run.claimingRole, !run.state.isEnding else { return true }
        role.listen { [attempts = run.attempts] in attempts.interrupt() }
        return await role.take { [stop = run.stop] in stop.requests > 0 }
    }

    /// With many short tasks the run wakes up when half of the tasks claimed ahead have begun.
    ///
    /// Otherwise it wakes up at each end.
    private var threshold: Int { run.attempts.with { $0.ready.count } / 2 }

    /// Waits for an end.
    func wait(until end: ContinuousClock.Instant) { run.attempts.wait(threshold: threshold, until: end) }

    /// Waits for due tasks, for an end, or for a request to stop, whichever comes first.
    ///
    /// - Returns: The error that the store reported, or nil.
    func waitForStore(names: [String], isIdle: Bool, until end: ContinuousClock.Instant) async -> StoreError? {
        if run.state.vainLooks > 0 {
            // A due task that cannot be claimed (another run was faster, or it must be performed alone) is asked for
            // only after a pause. If many runs wait, a flood thus wakes few of them at a time.
            wait(until: .now.advanced(by: .milliseconds(min(250, 1 << min(run.state.vainLooks, 8)))))
            // A request to stop may have ended the wait, and is reported once.
            guard run.stop.requests == 0, run.claimingRole?.isWanted != true else { return nil }
        }
        notices.waiting(isIdle: isIdle)
        pulse.rest()
        defer { pulse.beat() }
        let asked = ContinuousClock.now
        switch await waitForTasks(names, until: end) {
        case .success(false): return nil
        case .success(true):
            // They count as due until the claim shows otherwise.
            run.state.reportedDue(after: asked.duration(to: .now), .now)
            notices.waitingEnded()
            return nil
        case .failure(let error):
            run.state.wake()
            return error
        }
    }

    private func waitForTasks(_ names: [String], until end: ContinuousClock.Instant) async -> Result<Bool, StoreError> {
        let (store, attempts) = (run.store, run.attempts)
        let queues = QueueFilter.all(of: run.settings.queues)
        // Not a group: its body would not run on the run's own thread, the only one that may block.
        let waiting = Task { @concurrent in
            let result: Result<Bool, StoreError>
            do throws(StoreError) {
                result = .success(try await store.waitForTasks(names: names, queues: queues, until: end))
            } catch {
                result = .failure(error)
            }
            if !Task.isCancelled { attempts.interrupt() }
            return result
        }
        wait(until: end)
        waiting.cancel()
        return await waiting.value
    }
}
