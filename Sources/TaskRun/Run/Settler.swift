import Text

/// Writes how attempts ended.
///
/// It owns the ends that are not yet in the table.
final class Settler {
    /// The most time that one look at held ends may take, because the run does nothing else meanwhile.
    private static let share = Duration.milliseconds(500)
    /// The longest pause between two tries of one end, in seconds.
    private static let longestPause = 30
    /// How often held ends are tried together if none of them is seen to be held.
    private static let triesTogether = 3

    private let run: RunShared
    private let notices: Notices
    private let hooks: HookTeller
    private let batches: BatchWatcher
    private let claims: LostClaims
    private let measures: MeasureKeeper
    private var pending: [PendingEnd] = []
    /// How many times in a row a write found held ends, but a look then found none of them held.
    ///
    /// The reason is that many runs claim at the same time and wait for one another.
    private var timesUnexplained = 0

    init(
        _ run: RunShared,
        notices: Notices,
        hooks: HookTeller,
        batches: BatchWatcher,
        claims: LostClaims,
        measures: MeasureKeeper
    ) {
        (self.run, self.notices, self.hooks) = (run, notices, hooks)
        (self.batches, self.claims, self.measures) = (batches, claims, measures)
    }

    var isEmpty: Bool { pending.isEmpty }
    var proofs: [ClaimProof] { pending.map(\.task.proof) }
    /// Whether ends are to be written together now.
    var hasReadyEnds: Bool { pending.contains { !$0.isAlone } }

    /// When ends are to be written next, or nil if there are none.
    func nextDeadline(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard run.state.failure == nil, !run.state.isPaused(now) else { return nil }
        return hasReadyEnds ? now : pending.compactMap(\.retryAt).min()
    }

    // MARK: What comes in

    /// Decides how an ended attempt is settled.
    func decide(_ attempt: Attempt, _ rest: HandlerMessages.Rest?) {
        guard !attempt.isCancelled else { return cancel(attempt, rest) }
        let outcome = attempt.effectiveOutcome
        if case .settled(let result) = outcome {
            run.state.count(result == .settled ? \.succeeded : \.leaseLost)
            measures.count(result == .settled ? .succeeded : .leaseLost, attempt)
            run.tell(.ended(attempt.task, nil, result, took: attempt.took))
        } else if let outcome, var verdict = run.performer.verdict(outcome, for: attempt.task) {
            // A task that a hook keeps from being performed has no result, and is not complete.
            var isSkipped = false
            if case .skipped = outcome { (verdict, isSkipped) = (.cancel, true) }
            let record = run.performer.record(of: attempt, verdict, progress: rest?.progress)
            let facts = run.performer.facts(of: attempt, rest?.program, isSkipped: isSkipped)
            add(attempt, verdict, record, followUps: rest?.followUps ?? [], facts: facts)
        } else {
            lose(attempt)
        }
    }

    /// Settles a task as cancelled.
    func cancel(_ attempt: Attempt, _ rest: HandlerMessages.Rest? = nil) {
        let record = run.performer.record(of: attempt, .cancel, progress: rest?.progress)
        add(attempt, .cancel, record, facts: run.performer.facts(of: attempt, rest?.program))
    }

    /// Gives back tasks whose handlers have not begun.
    func giveBack(_ attempts: [Attempt]) {
        for attempt in attempts {
            // The record counts only if there is a request to cancel the task by then.
            let record = run.performer.record(of: attempt.task, began: nil, .release())
            add(attempt.ended(.stopping), .release(), record)
        }
    }

    private func add(
        _ attempt: Attempt,
        _ verdict: Verdict,
        _ record: ResultRecord?,
        followUps: [NewTask] = [],
        facts: AttemptFacts? = nil
    ) {
        let task = attempt.task
        let settlement = Settlement(
            task.proof,
            verdict,
            lockKey: task.lockKey,
            letsPass: run.settings.lockOrder == .loose,
            record: record,
            batch: task.batch,
            followUps: followUps,
            facts: facts
        )
        pending.append(PendingEnd(attempt, settlement))
    }

    func prolong(until end: ContinuousClock.Instant) { pending.forEach { $0.prolong(until: end) } }

    // MARK: Writing them together

    /// Writes the ends that are to be written together, and claims.
    func write(thenClaim request: ClaimRequest?) async throws(StoreError) -> Exchange {
        let ready = pending.filter { !$0.isAlone }
        let exchange = try await run.store.settle(ready.map(\.settlement), thenClaim: request, now: nil)
        pending.removeAll { !$0.isAlone }
        notices.refused(exchange.passedOver, to: "claim")
        await conclude(ready, exchange)
        run.state.answered()
        timesUnexplained = 0
        return exchange
    }

    /// Writes ends of which at least one is refused or held, in halves and in as few calls as possible.
    private func writeInParts() async {
        let ready = pending.filter { !$0.isAlone }
        pending.removeAll { !$0.isAlone }
        // It is known already that all of them together are refused.
        var parts = ready.count > 1 ? ready[...].halves : [ready[...]]
        while let part = parts.popLast() {
            do {
                await conclude(part, try await run.store.settle(part.map(\.settlement), thenClaim: nil, now: nil))
            } catch  where error.code == .held && part.count > 1 {
                parts += part.halves
            } catch  where error.code == .held || error.code == .undone {
                // Each is written alone, and the others go on.
                part.forEach { $0.setHeld(since: .now, retryAt: .now) }
                pending += part
            } catch  where error.isPassing {
                pending += part + parts.reversed().joined()
                return await overcome(error, sent: .now)
            } catch  where part.count > 1 {
                parts += part.halves
            } catch {
                await refuse(part[part.startIndex], error)
            }
        }
    }

    /// Counts ends that were written, or whose leases are lost, and continues with those that the database skipped.
    private func conclude(_ ends: some Sequence<PendingEnd>, _ exchange: Exchange) async {
        notices.refused(exchange.refusals)
        if exchange.hasLockedFollower { batches.followerIsLocked() }
        for (end, result) in zip(ends, exchange.results) {
            if result == .untouched {
                let subject = "cannot settle tasks in \(run.store.location)"
                await refuse(end, StoreError(.refused, subject: subject, cause: StoreError.skipped))
            } else {
                count(end, result)
            }
        }
    }

    private func count(_ end: PendingEnd, _ result: SettleResult) {
        if result == .gaveWay || result == .cancelled {
            run.state.count(result == .gaveWay ? \.gaveWay : \.cancelled)
            run.tell(.ended(end.task, end.verdict, result, took: end.attempt.took))
            return hooks.ended(end, isGone: true)
        }
        // After a lost answer it is unknown whether this run or another one settled a row that is gone.
        guard result == .settled || run.state.trouble?.hasLostAnswer == true else { return lose(end.attempt) }
        if end.form == .withoutResult || end.form == .withoutLine { notices.lostResult(of: end) }
        if case .skipped(let note) = end.attempt.outcome, end.verdict == .delete || end.verdict == .cancel {
            run.state.count(\.skipped)
            return run.tell(.skipped(end.task, note: note))
        }
        switch end.verdict {
        case .delete:
            run.state.count(\.succeeded)
            measures.count(.succeeded, end.attempt)
        case .retry:
            run.state.count(\.retried)
            measures.count(.retried, end.attempt)
        case .fail:
            run.state.count(\.failed)
            measures.count(.failed, end.attempt)
        case .release: run.state.count(\.released)
        case .cancel: run.state.count(\.cancelled)
        }
        run.tell(.ended(end.task, end.verdict, .settled, took: end.attempt.took))
        hooks.ended(end, isGone: false)
    }

    private func lose(_ attempt: Attempt) {
        run.state.count(\.leaseLost)
        measures.count(.leaseLost, attempt)
        run.tell(.ended(attempt.task, nil, .leaseLost, took: attempt.took))
    }

    /// The database refuses an end in its present form: chooses the form to try next.
    private func refuse(_ end: PendingEnd, _ error: StoreError) async {
        if end.takeNextForm(after: error) { return pending.append(end) }
        do {
            let why = end.words ?? error.cause
            try await run.store.noteStuck(end.task.proof, isDone: end.decided.verdict == .delete, why: why)
        } catch  where error.isPassing {
            pending.append(end)
            return await overcome(error, sent: .now)
        } catch {
            // The database itself cannot be used, whatever is written.
            if error.code != .refused { run.state.failed(error) }
        }
        run.state.count(\.stuck)
        run.tell(.trouble(end.stuck(error, in: run.store.location)))
        run.tell(.ended(end.task, nil, .untouched, took: end.attempt.took))
    }

    // MARK: Writing each alone

    /// Writes ends that are tried alone and whose time has come, the one that has waited longest first.
    ///
    /// Ends that are seen to be held are not tried.
    func writeAlone() async {
        let began = ContinuousClock.now
        guard !run.state.isPaused(began), !hasReadyEnds, nextAlone(began) != nil else { return }
        await postponeHeld(began)
        while began.duration(to: .now) < Self.share, !hasReadyEnds, let end = nextAlone(began) {
            let count = pending.count
            if let error = await write(alone: end) { return await overcome(error, sent: began) }
            // Tasks that follow may be due at once.
            if pending.count < count { run.state.tasksEnded(.now) }
        }
    }

    /// Looks once at held ends: those that are still held wait, and the others are written together.
    private func postponeHeld(_ now: ContinuousClock.Instant) async {
        guard !run.isTooLate(now) else { return }
        let due = pending.filter { $0.retryAt.map { $0 <= now } ?? false }
        guard let held = try? await run.store.held(among: due.map(\.settlement)) else { return }
        for end in due {
            if let holder = held[end.task.proof] {
                postpone(end, holder, pause: .seconds(1))
            } else if end.isSeenHeld {
                end.setFree()
            }
        }
    }

    private func nextAlone(_ now: ContinuousClock.Instant) -> PendingEnd? {
        let isTooLate = run.isTooLate(now)
        return pending.filter { $0.retryAt.map { isTooLate || $0 <= now } ?? false }
            .min { ($0.retryAt ?? now) < ($1.retryAt ?? now) }
    }

    /// Writes one end, or decides what becomes of it.
    ///
    /// - Returns: The error that keeps the database from writing anything at this moment; the end stays as it is.
    private func write(alone end: PendingEnd) async -> StoreError? {
        do {
            let exchange = try await run.store.settle([end.settlement], thenClaim: nil, now: nil)
            remove(end)
            await conclude([end], exchange)
        } catch  where error.code == .held {
            postpone(end, error.cause)
        } catch  where error.code == .undone && !end.isUndoneForGood {
            postpone(end, error.cause, pause: end.noteUndone())
        } catch  where error.isPassing && error.code != .undone {
            return error
        } catch {
            remove(end)
            await refuse(end, error)
        }
        return nil
    }

    private func remove(_ end: PendingEnd) { pending.removeAll { $0 === end } }

    /// Lets a held end wait.
    ///
    /// If its holder is unknown, it waits longer the more such ends there are, because each try takes time. A run that
    /// must end gives all of them up.
    private func postpone(_ end: PendingEnd, _ holder: String, pause: Duration? = nil) {
        let now = ContinuousClock.now
        if end.isWorthTelling(now) { notices.held(end, by: holder) }
        if run.isTooLate(now) { return giveUp { $0.isAlone } }
        guard end.attempt.leaseEnd > now else { return giveUp { $0 === end } }
        let count = pending.count(where: \.isAlone)
        let wait = pause ?? .seconds(min(max(count, 1), Self.longestPause))
        end.setHeld(since: now, retryAt: now.advanced(by: wait))
    }

    private func giveUp(where isLost: (PendingEnd) -> Bool) {
        let lost = pending.filter(isLost)
        pending.removeAll(where: isLost)
        lost.forEach { lose($0.attempt) }
    }

    // MARK: Trouble

    /// Decides how to continue after an error of the database.
    func overcome(_ error: StoreError, sent: ContinuousClock.Instant) async {
        // Nothing is wrong yet: the others are settled at once, and that shows which one is held.
        if error.code == .held, await setHeldAlone(sent) { return }
        // A single end may take too long.
        if error.code == .undone, hasReadyEnds {
            return pending.filter { !$0.isAlone }.forEach { $0.setAlone(at: sent) }
        }
        // A single end may be refused; each that is refused reports it.
        if !error.isPassing, hasReadyEnds { return await writeInParts() }
        // The run's caller reports the error that ends the run.
        guard error.isPassing else { return run.state.failed(error) }
        run.tell(.trouble(error))
        run.state.troubled(error, at: sent, pause: .seconds(1))
        if error.code == .unreachable { claims.answerLost(sent) }
        // An end that cannot be written while its lease lives belongs to another run; after a stop the run does not
        // wait for that.
        let isTooLate = run.isTooLate(sent)
        giveUp { isTooLate || $0.attempt.leaseEnd <= sent }
        // The run holds nothing: an unreachable database may come back within the window, and a locked one soon.
        guard pending.isEmpty, run.attempts.with({ $0.isEmpty }) else { return }
        let goesOn =
            [.unreachable, .unavailable].contains(error.code)
            || (error.code == .locked && (run.claimingRole != nil || run.isLockedForShort(sent)))
        guard !goesOn || run.state.isOver(.now) || run.state.stoppingSince != nil else { return }
        await run.giveUp(after: error)
    }

    /// Chooses the ends that are from now on written alone: those that are held, or else those with follow-ups, because
    /// another transaction may hold the token or key of a follow-up.
    ///
    /// If there are no such ends, runs that claim at the same time have waited for one another. Then the ends are
    /// written together again, and after some tries in parts.
    ///
    /// - Returns: Whether to go on; false if the whole table may be locked.
    private func setHeldAlone(_ now: ContinuousClock.Instant) async -> Bool {
        let ready = pending.filter { !$0.isAlone }
        // The whole table may be locked; then none could be settled in the meantime.
        guard !ready.isEmpty, let held = try? await run.store.held(among: ready.map(\.settlement)) else { return false }
        let followed = Set(ready.map(\.settlement).filter { !$0.additions.isEmpty }.map(\.proof))
        if held.isEmpty, followed.isEmpty {
            timesUnexplained += 1
            if timesUnexplained >= Self.triesTogether { await writeInParts() }
            return true
        }
        let suspects = held.isEmpty ? followed : Set(held.keys)
        for end in pending where suspects.contains(end.task.proof) {
            let isHeld = held[end.task.proof] != nil
            end.setHeld(since: now, retryAt: isHeld ? now.advanced(by: .seconds(1)) : now, isSeen: isHeld)
        }
        return true
    }
}
