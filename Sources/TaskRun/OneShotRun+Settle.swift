import Text

extension OneShotRun {
    /// Writes down how handlers ended and claims what comes next, in one transaction.
    ///
    /// What could not be written stays in `unsettled` and is tried again while its lease lives.
    func settleAndClaim() async {
        noteStop()
        collect()
        let sent = ContinuousClock.now
        if let moment = troubleUntil {
            guard sent >= moment || stop.requests > 1 else { return }
            troubleUntil = nil
        }
        let request = claimRequest(now: sent)
        guard request != nil || hasReadyEnds || doubt != nil else { return }
        do {
            try await forgetLostAnswers()
            guard request != nil || hasReadyEnds else { return }
            let parts = request == nil ? [] : try await parts(now: sent)
            let first = parts.first.flatMap { $0.limits.isEmpty ? $0 : nil }
            var exchange = try await writeEnds(thenClaim: first.flatMap { request?.rest(after: [], of: $0) })
            guard let request else { return }
            nextExpiry = sent.advanced(by: Self.expiryPause)
            // What was claimed is in hand, whatever becomes of the rest.
            var isWhole = false
            defer { take(isWhole ? exchange : exchange.asPart, for: request, sent: sent) }
            try await fill(&exchange, for: request, from: parts.dropFirst(first == nil ? 0 : 1))
            isWhole = true
            if exchange.claimed.isEmpty, !exchange.isPartial, let cause = store.tryRefusedAgain() {
                exchange = exchange.passingOver(because: cause)
            }
        } catch {
            await overcome(error, sent: sent)
        }
    }

    /// Writes those ends that are to be written together, and claims.
    func writeEnds(thenClaim request: ClaimRequest?) async throws(StoreError) -> Exchange {
        let batch = isAnyApart ? unsettled.filter { $0.apart == nil } : unsettled
        let exchange = try await store.settle(batch.map(\.settlement), thenClaim: request, now: nil)
        if isAnyApart { unsettled.removeAll { $0.apart == nil } } else { unsettled = [] }
        tell(exchange.refusals)
        tell(refused: exchange.passedOver, to: "claim")
        if exchange.hasLockedFollower { note(lockedFollower: true) }
        await conclude(batch, exchange.results)
        (troubleUntil, unresolved, lockedSince, isUncertain) = (nil, nil, nil, false)
        return exchange
    }

    /// Takes finished tasks off the bench and decides what is to become of each.
    private func collect() {
        let finished = bench.with { state in
            defer { state.finished = [] }
            return state.finished
        }
        guard !finished.isEmpty else { return }
        nextClaim = .now
        // What the table does not have yet goes into the result; a task that is gone needs it no more.
        let said = talk.take(finished.map(\.held.task.proof))
        var isHoldingBack = !holds.isEmpty
        for end in finished {
            if isHoldingBack || end.outcome.isNotBegun {
                noteBeginning(of: end)
                isHoldingBack = !holds.isEmpty
            }
            if !end.outcome.isNotBegun { pace.note(end.occupied) }
            if end.isCancelled {
                cancel(end, progress: said[end.held.task.proof]?.progress)
                continue
            }
            let outcome = end.effectiveOutcome
            if case .settled(let result) = outcome {
                if result == .settled { report.succeeded += 1 } else { report.leaseLost += 1 }
                observer?(.ended(end.held.task, nil, result, took: end.took))
            } else if let outcome, var verdict = performer.verdict(outcome, for: end.held.task) {
                // A task that a hook keeps from being performed has no result, and is not complete.
                if case .skipped = outcome { verdict = .cancel }
                let rest = said[end.held.task.proof]
                let record = performer.record(of: end, verdict, progress: rest?.progress)
                unsettled.append(self.unsettled(end, verdict, record, followUps: rest?.followUps ?? []))
            } else {
                lose(end)
            }
        }
    }

    /// Counts ends that were written, or found their leases lost, and goes on with those that the database skipped.
    func conclude(_ ends: some Sequence<Unsettled>, _ results: [SettleResult]) async {
        for (end, result) in zip(ends, results) {
            if result == .untouched { await refuse(end, untouched) } else { count(end, result) }
        }
    }

    private func count(_ end: Unsettled, _ result: SettleResult) {
        // After a lost answer nobody can say whether a row is gone because this run or another one settled it.
        if result == .gaveWay || result == .cancelled {
            if result == .gaveWay { report.gaveWay += 1 } else { report.cancelled += 1 }
            observer?(.ended(end.task, end.verdict, result, took: end.finished.took))
            tellHooks(end, isGone: true)
            return
        }
        guard result == .settled || isUncertain else { return lose(end.finished) }
        if end.form == .withoutResult || end.form == .withoutLine { tellLostResult(of: end) }
        if case .skipped(let note) = end.finished.outcome, end.verdict == .delete || end.verdict == .cancel {
            report.skipped += 1
            observer?(.skipped(end.task, note: note))
            return
        }
        switch end.verdict {
        case .delete: report.succeeded += 1
        case .retry: report.retried += 1
        case .fail: report.failed += 1
        case .release: report.released += 1
        case .cancel: report.cancelled += 1
        }
        observer?(.ended(end.task, end.verdict, .settled, took: end.finished.took))
        tellHooks(end)
    }

    /// An end that is to be written.
    func unsettled(
        _ end: Workbench.Finished,
        _ verdict: Verdict,
        _ record: ResultRecord?,
        followUps: [NewTask] = []
    ) -> Unsettled {
        let task = end.held.task
        let settlement = Settlement(
            task.proof,
            verdict,
            lockKey: task.lockKey,
            letsPass: settings.lockOrder == .loose,
            record: record,
            batch: task.batch,
            followUps: followUps
        )
        return Unsettled(end, settlement)
    }

    func lose(_ end: Workbench.Finished) {
        report.leaseLost += 1
        observer?(.ended(end.held.task, nil, .leaseLost, took: end.took))
    }

    /// Decides how to go on after the database made trouble.
    func overcome(_ error: StoreError, sent: ContinuousClock.Instant) async {
        // Nothing is wrong yet: the others are settled at once, and who is held turns out then.
        if error.code == .held, await setApart(now: sent) { return }
        // It may be a single end that takes too long.
        if error.code == .undone, hasReadyEnds { return tryEachAlone(now: sent) }
        // What is refused may be a single end; each that is says so itself.
        if !error.isPassing, hasReadyEnds { return await settleInParts() }
        // The run's caller reports what ends it.
        guard error.isPassing else { return end(with: error) }
        observer?(.trouble(error))
        unresolved = error
        if error.code == .unreachable { doubt(now: sent) }
        // What cannot be written down while its lease lives is another run's; after a stop that is not waited for.
        let isLate = isLate(sent)
        let lost = unsettled.filter { isLate || $0.finished.held.leaseEnd <= sent }
        unsettled.removeAll { isLate || $0.finished.held.leaseEnd <= sent }
        lost.forEach { lose($0.finished) }
        troubleUntil = sent.advanced(by: .seconds(1))
        // Nothing in hand: an unreachable database may come back within the window, and a locked one soon.
        guard unsettled.isEmpty, bench.with({ $0.isEmpty }) else { return }
        let goesOn =
            [.unreachable, .unavailable].contains(error.code)
            || (error.code == .locked && (turn != nil || isLockedForShort(sent)))
        guard !goesOn || isOver(.now) || stopBegan != nil else { return }
        await giveUp(after: error)
    }

    /// Whether what cannot be written down now is given up.
    func isLate(_ now: ContinuousClock.Instant) -> Bool {
        fatal != nil || stopBegan.map { stop.requests > 1 || now >= $0.advanced(by: settings.grace) } ?? false
    }

    /// The database cannot be used any more: claim nothing, cancel what is being performed, and leave.
    ///
    /// Often it is the claim alone that fails: what has ended, and what ends now, is still written down where that works.
    func end(with error: StoreError) {
        phase = .done
        fatal = fatal ?? error
    }
}

extension Workbench.Finished {
    /// How the attempt counts as ended; nil: the lease is lost.
    ///
    /// After a cancellation only success counts as what it says.
    var effectiveOutcome: HandlerOutcome? {
        switch (cancellation, outcome) {
        case (_, .succeeded), (_, .skipped), (_, .settled), (.stopping, .later): outcome
        case (.timedOut, .notBegun), (.stopping, .notBegun): outcome
        case (nil, .stopped): .failed(error: "the handler cancelled itself")
        case (nil, _): outcome
        case (.timedOut(let limit), _): .failed(error: "took longer than its time limit of \(DurationText.exact(limit)); cancelled")
        case (.stopping, _): .stopped
        case (.asked, _): .cancelled
        case (.leaseLost, _): nil
        }
    }

    /// Whether it was cancelled as somebody asked; a handler that succeeded all the same has ended as it says.
    var isCancelled: Bool {
        guard case .asked? = cancellation else { return false }
        switch outcome {
        case .succeeded, .settled: return false
        default: return true
        }
    }
}
