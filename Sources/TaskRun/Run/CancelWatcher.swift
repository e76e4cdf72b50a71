/// Cancels handlers whose time is up, whose lease is lost, whose task is to be cancelled, or that must end at a stop.
final class CancelWatcher {
    /// How long a handler runs before the run looks for requests to cancel it.
    private static let patienceBeforeLook = Duration.milliseconds(500)
    /// The part of the grace that handlers have between SIGTERM and SIGKILL.
    private static let lastGrace = Duration.seconds(10)

    private let run: RunShared
    private let settler: Settler
    private var nextLook = ContinuousClock.now

    init(_ run: RunShared, settler: Settler) { (self.run, self.settler) = (run, settler) }

    /// When a handler must end, or when to look for requests to cancel one; nil if no handler runs.
    func nextDeadline(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        run.attempts.with { state in
            var moments = state.running.values.compactMap { $0.cancellation == nil ? $0.timeUp : nil }
            if run.isUrgent, let patience = run.settings.patienceAtStop {
                moments += state.running.values.compactMap { $0.cancellation?.at.advanced(by: patience) }
                    .filter { $0 > now }
            }
            if run.state.failure == nil, !run.state.isPaused(now), let first = state.running.values.map(\.began).min() {
                moments.append(max(nextLook, first.advanced(by: Self.patienceBeforeLook)))
            }
            return moments.min()
        }
    }

    /// Looks for requests to cancel tasks whose handlers take longer, at most once a second.
    ///
    /// A passing error is not reported: settling and claiming find the same error, and try again.
    func look() async {
        let now = ContinuousClock.now
        guard now >= nextLook, run.state.failure == nil, !run.state.isPaused(now) else { return }
        let (isLong, proofs) = run.attempts.with { state in
            let isLong = state.running.values.contains { $0.began.duration(to: now) >= Self.patienceBeforeLook }
            return (isLong, isLong ? state.openProofs : [])
        }
        guard isLong else { return }
        nextLook = now.advanced(by: .seconds(1))
        do {
            let asked = try await run.store.cancelRequests(among: proofs)
            if !asked.isEmpty { cancel(Set(asked)) }
        } catch {
            if !error.isPassing { run.tell(.trouble(error)) }
        }
    }

    /// Cancels the tasks that have begun, and settles the others at once.
    private func cancel(_ asked: Set<ClaimProof>) {
        let unbegun = run.attempts.with { state in
            for (worker, attempt) in state.running
            where asked.contains(attempt.task.proof) && attempt.cancellation == nil {
                state.cancel(worker: worker, .asked, at: .now)
            }
            return state.removeReady { asked.contains($0.task.proof) }
        }
        for attempt in unbegun { settler.cancel(attempt.ended(.asked)) }
    }

    /// Cancels the handlers that must end now.
    func cancelWhatMustEnd() {
        let now = ContinuousClock.now
        for (worker, attempt) in run.attempts.with({ $0.running }) {
            guard attempt.cancellation == nil, let why = reason(to: attempt, now) else { continue }
            run.attempts.with { state in
                // The task may have ended since; its worker must not be disturbed then.
                guard state.running[worker]?.task.id == attempt.task.id else { return }
                state.cancel(worker: worker, why, at: now)
            }
        }
        abandon(now)
    }

    private func reason(to attempt: Attempt, _ now: ContinuousClock.Instant) -> Attempt.Cancellation? {
        // The handler's work is done; hooks have a time limit of their own.
        if attempt.step == .reporting { return nil }
        if now >= attempt.leaseEnd { return .leaseLost }
        if let timeUp = attempt.timeUp, now >= timeUp { return .timedOut(attempt.timeLimit) }
        if run.state.failure != nil || run.isUrgent { return .stopping }
        guard let since = run.state.stoppingSince else { return nil }
        // Its handler has not begun, so it is given back like a task that no worker has taken.
        if attempt.step == .preparing { return .stopping }
        return now >= since.advanced(by: max(.zero, run.settings.grace - Self.lastGrace)) ? .stopping : nil
    }

    /// Releases the remaining tasks when all their handlers were cancelled long ago and still do not end.
    ///
    /// The tasks are due again after 5 s. These handlers may still be running, so the process must end at once.
    private func abandon(_ now: ContinuousClock.Instant) {
        let patience = (run.isUrgent ? run.settings.patienceAtStop : nil) ?? run.settings.patience
        let abandoned = run.attempts.with { state in
            // A worker that calls hooks has a time limit of its own.
            let areAllIgnoring =
                state.ready.isEmpty
                && state.running.values.allSatisfy { attempt in
                    attempt.step != .reporting
                        && attempt.cancellation.map { now >= $0.at.advanced(by: patience) } ?? false
                }
            guard areAllIgnoring else { return [ClaimedTask]() }
            for (worker, attempt) in state.running {
                var attempt = attempt
                attempt.end(.later(after: .seconds(5), note: "the handler did not end when cancelled"), now)
                state.ended.append(attempt)
                state.workers[worker] = nil
            }
            defer { state.running = [:] }
            return state.running.values.map(\.task)
        }
        guard !abandoned.isEmpty else { return }
        run.state.finish()
        run.state.count(\.abandoned, abandoned.count)
        run.tell(.abandoned(abandoned))
    }
}
