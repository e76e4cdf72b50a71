/// What the run and its tasks tell each other through the table while handlers are at work.
extension OneShotRun {
    /// How long a handler is at work before somebody's wish to cancel it is looked for.
    static let patienceBeforeLook = Duration.milliseconds(500)

    /// Writes progress down, and looks for wishes to cancel: at most once a second, and only where there is something.
    ///
    /// Trouble that passes is not told: what settles and claims finds the same, and tries again.
    func glance() async {
        let now = ContinuousClock.now
        guard now >= nextGlance, fatal == nil, troubleUntil == nil else { return }
        let isLong = bench.with { state in
            state.running.values.contains { $0.began.duration(to: now) >= Self.patienceBeforeLook }
        }
        let notes = talk.take()
        guard isLong || !notes.isEmpty else { return }
        nextGlance = now.advanced(by: .seconds(1))
        if !notes.isEmpty {
            do {
                let held = try await store.note(notes)
                talk.putBack(notes.filter { held.contains($0.key) })
            } catch {
                talk.putBack(notes)
                tell(unlessPassing: error)
            }
        }
        guard isLong else { return }
        do {
            let asked = try await store.cancelRequests(among: bench.with(\.claims))
            if !asked.isEmpty { cancel(Set(asked)) }
        } catch {
            tell(unlessPassing: error)
        }
    }

    /// Ends what somebody has asked to cancel: what has begun is cancelled, what has not is settled at once.
    private func cancel(_ asked: Set<ClaimProof>) {
        let unbegun = bench.with { state in
            for (worker, running) in state.running
            where asked.contains(running.held.task.proof) && running.cancellation == nil {
                state.running[worker]?.cancellation = (.asked, .now)
                state.workers[worker]?.cancel()
            }
            let unbegun = state.waiting.filter { asked.contains($0.task.proof) }
            state.waiting.removeAll { asked.contains($0.task.proof) }
            return unbegun
        }
        for held in unbegun { cancel(held) }
    }

    /// Those of claimed tasks that may begin; the others are settled at once.
    func unlessCancelled(_ tasks: [ClaimedTask], leaseEnd: ContinuousClock.Instant) -> [ClaimedTask] {
        guard tasks.contains(where: \.isCancelRequested) else { return tasks }
        for task in tasks where task.isCancelRequested {
            cancel(Workbench.Held(task: task, leaseEnd: leaseEnd, claimed: .now))
        }
        return tasks.filter { !$0.isCancelRequested }
    }

    private func cancel(_ held: Workbench.Held) {
        let end = Workbench.Finished(
            held: held,
            outcome: .stopped,
            cancellation: .asked,
            took: .zero,
            occupied: .zero
        )
        cancel(end, progress: nil)
    }

    /// Settles a task as cancelled.
    func cancel(_ end: Workbench.Finished, progress: ProgressNote?) {
        let record = performer.record(of: end, .cancel, progress: progress)
        unsettled.append(unsettled(end, .cancel, record))
    }

    /// Removes results whose time is over: at most 1,000, or twice as many as this run may have left, so that they never
    /// become more and more; the next run goes on.
    func prune() async {
        var left = max(1000, 2 * report.claimed)
        while left > 0, stop.requests == 0 {
            // A thousand at a time: no lock is held for long. A locked table is the next run's to clean.
            var count = 0
            do { count = try await store.prune(limit: min(left, 1000), now: nil) } catch { tell(unlessPassing: error) }
            left = count == 1000 ? left - count : 0
        }
    }

    /// Tells trouble that nothing else meets, as where a right is missing that only this needs.
    private func tell(unlessPassing error: StoreError) {
        if !error.isPassing { observer?(.trouble(error)) }
    }
}

extension Workbench.State {
    /// The proofs of all tasks whose handlers have not ended.
    fileprivate var claims: [ClaimProof] { waiting.map(\.task.proof) + running.values.map(\.held.task.proof) }
}
