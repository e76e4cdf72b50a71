extension OneShotRun {
    /// Takes note of a request to stop.
    func noteStop() {
        guard stop.requests > 0, stopBegan == nil else { return }
        stopBegan = .now
        observer?(.stopping)
    }

    /// Prolongs all leases at once when it is time, and takes over what died meanwhile.
    func renewLeases() async {
        let sent = ContinuousClock.now
        guard sent >= nextRenewal, fatal == nil else { return }
        nextRenewal = sent.advanced(by: min(settings.renewal, settings.lease / 3))
        do {
            let proofs = bench.with { $0.proofs } + unsettled.map(\.task.proof)
            if !proofs.isEmpty {
                let lost = Set(try await renew(proofs[...]))
                prolong(until: sent.advanced(by: settings.lease), except: lost)
            }
            // While nothing is due the table is left in peace: the next minute's run takes over what died.
            if phase != .done, !isWaiting { try await recover() }
        } catch {
            observer?(.trouble(error))
            nextRenewal = sent.advanced(by: .seconds(2))
        }
    }

    /// Prolongs leases, in halves where the database refuses one of them: that one is nobody's loss yet, and said once.
    ///
    /// - Returns: The proofs that are no longer valid.
    private func renew(_ proofs: ArraySlice<ClaimProof>) async throws(StoreError) -> [ClaimProof] {
        do {
            return try await store.renew(Array(proofs), lease: settings.lease, now: nil)
        } catch  where error.code == .refused {
            guard proofs.count > 1 else {
                tell(
                    refused: proofs.map { RefusedRow(id: $0.id, name: nil, cause: error.cause) },
                    to: "renew the lease of"
                )
                return []
            }
            let middle = proofs.startIndex + proofs.count / 2
            return try await renew(proofs[..<middle]) + renew(proofs[middle...])
        }
    }

    /// Notes which leases hold for longer, and cancels the handlers of those that were taken over.
    private func prolong(until end: ContinuousClock.Instant, except lost: Set<ClaimProof>) {
        let unbegun = bench.with { state in
            for index in state.waiting.indices { state.waiting[index].leaseEnd = end }
            for (worker, running) in state.running {
                state.running[worker]?.held.leaseEnd = lost.contains(running.held.task.proof) ? .now : end
            }
            for index in state.finished.indices { state.finished[index].held.leaseEnd = end }
            let unbegun = state.waiting.filter { lost.contains($0.task.proof) }
            state.waiting.removeAll { lost.contains($0.task.proof) }
            return unbegun
        }
        for index in unsettled.indices { unsettled[index].finished.held.leaseEnd = end }
        report.leaseLost += unbegun.count
    }

    /// Cancels handlers whose time is up, whose lease is lost, or that the stop does not wait for any longer.
    func cancelWhatMustEnd() {
        let now = ContinuousClock.now
        for (worker, running) in bench.with({ $0.running }) {
            guard running.cancellation == nil, let why = cancellation(of: running, now: now) else { continue }
            bench.with { state in
                // The task may have ended since; its worker is then not to be disturbed.
                guard state.running[worker]?.held.task.id == running.held.task.id else { return }
                state.running[worker]?.cancellation = (why, now)
                state.workers[worker]?.cancel()
            }
        }
        giveUpOnTheDeaf(now: now)
    }

    private func cancellation(of running: Workbench.Running, now: ContinuousClock.Instant) -> Workbench.Cancellation? {
        // What the handler did is done; hooks have a time limit of their own.
        if case .told = running.stage { return nil }
        if now >= running.held.leaseEnd { return .leaseLost }
        if let timeUp = running.timeUp, now >= timeUp { return .timedOut(running.timeLimit) }
        // Its handler has not begun: it goes back like what waits to begin.
        if case .preparing = running.stage, stopBegan != nil { return .stopping }
        if fatal != nil || stop.requests > 1 { return .stopping }
        guard let stopBegan else { return nil }
        // The last 10 s of the grace are the time between SIGTERM and SIGKILL.
        return now >= stopBegan.advanced(by: max(.zero, settings.grace - .seconds(10))) ? .stopping : nil
    }

    /// When only handlers are left that were cancelled long ago and do not listen, their tasks are settled without them.
    ///
    /// The process must end right afterwards: until then they may still be at work. They come back no sooner than after 5 s.
    private func giveUpOnTheDeaf(now: ContinuousClock.Instant) {
        let patience = (stop.requests > 1 ? settings.patienceAtStop : nil) ?? settings.patience
        let deaf = bench.with { state in
            let isAllDeaf =
                state.waiting.isEmpty
                && state.running.values.allSatisfy { running in
                    // Its handler has ended; hooks have a time limit of their own.
                    if case .told = running.stage { return false }
                    return running.cancellation.map { now >= $0.at.advanced(by: patience) } ?? false
                }
            guard isAllDeaf else { return [ClaimedTask]() }
            for (worker, running) in state.running {
                let outcome = HandlerOutcome.later(
                    after: .seconds(5),
                    note: "the handler did not end when cancelled"
                )
                state.finished.append(Workbench.Finished(running, outcome: outcome, ended: now))
                state.workers[worker] = nil
            }
            defer { state.running = [:] }
            return state.running.values.map(\.held.task)
        }
        guard !deaf.isEmpty else { return }
        phase = .done
        report.abandoned += deaf.count
        observer?(.abandoned(deaf))
    }
}
