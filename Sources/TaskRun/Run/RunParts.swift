/// The parts of a run, each of which owns its variables, and the steps in which several of them take part.
final class RunParts {
    let shared: RunShared
    let hooks: HookTeller
    let settler: Settler
    let housekeeper: Housekeeper
    let claimer: Claimer
    let leases: LeaseKeeper
    let cancels: CancelWatcher
    let progress: ProgressWriter
    let waiter: Waiter
    let recorder: RunRecorder
    let measures: MeasureKeeper
    private let batches: BatchWatcher
    private let lostClaims: LostClaims

    init(_ shared: RunShared, slots: any HostSlots, hooks: Hooks?, pulse: RunPulse, record: RunRecord?) {
        let notices = Notices(shared)
        self.shared = shared
        self.hooks = HookTeller(shared, hooks: hooks)
        batches = BatchWatcher(shared, notices: notices)
        lostClaims = LostClaims(shared)
        measures = MeasureKeeper(shared)
        settler = Settler(
            shared,
            notices: notices,
            hooks: self.hooks,
            batches: batches,
            claims: lostClaims,
            measures: measures
        )
        housekeeper = Housekeeper(
            shared,
            notices: notices,
            hooks: self.hooks,
            batches: batches,
            measures: measures
        )
        claimer = Claimer(
            shared,
            slots: slots,
            settler: settler,
            housekeeper: housekeeper,
            notices: notices,
            hooks: self.hooks
        )
        leases = LeaseKeeper(shared, settler: settler, notices: notices, housekeeper: housekeeper)
        cancels = CancelWatcher(shared, settler: settler)
        progress = ProgressWriter(shared)
        waiter = Waiter(shared, notices: notices, pulse: pulse)
        recorder = RunRecorder(shared, record: record)
    }

    /// Writes how attempts ended and claims what comes next, in one transaction.
    ///
    /// An end that could not be written is tried again while its lease lives.
    func settleAndClaim() async {
        shared.noteStop()
        claimer.collect()
        let sent = ContinuousClock.now
        if shared.isUrgent { shared.state.hurry(sent) }
        guard !shared.state.isPaused(sent) else { return }
        let request = claimer.request(sent)
        do {
            try await lostClaims.giveBack(behind: settler)
            if let request {
                try await claimer.claim(request, sent: sent)
            } else if settler.hasReadyEnds {
                _ = try await settler.write(thenClaim: nil)
            }
        } catch {
            await settler.overcome(error, sent: sent)
        }
    }

    /// Repairs what expired, what batches wait for, and what others have changed by hand.
    func repair() async {
        await housekeeper.expire(isIdle: claimer.isIdle)
        await batches.look(isIdle: claimer.isIdle)
        await housekeeper.repair()
        await hooks.tellExpired()
    }

    /// Waits until there is something to do.
    ///
    /// - Returns: Whether the run goes on; false once it holds nothing and claims nothing more.
    func waitForWork() async -> Bool {
        let now = ContinuousClock.now
        if shared.state.isEnding {
            shared.claimingRole?.pass()
            let isDone = claimer.isIdle && shared.attempts.with { $0.workers.isEmpty }
            if isDone, !lostClaims.keepsRunning(now), !batches.keepsRunning(now) { return false }
        }
        let isIdle = claimer.isIdle
        guard shared.state.isWaiting, !shared.state.isPaused(now) else {
            waiter.wait(until: nextDeadline(now, isIdle: isIdle))
            return true
        }
        // The store wakes an idle run; for repairs that only wait, once a second is too often.
        let repair = min(housekeeper.nextRepair, batches.nextDeadline(now, isIdle: false) ?? housekeeper.nextRepair)
        let end = isIdle ? min(shared.state.windowEnd ?? repair, repair) : nextDeadline(now, isIdle: false)
        let error = await waiter.waitForStore(
            names: claimer.names,
            isIdle: isIdle,
            until: min(end, claimer.nextName ?? end)
        )
        if let error { await settler.overcome(error, sent: .now) }
        return true
    }

    /// When to go on although no handler has ended.
    private func nextDeadline(_ now: ContinuousClock.Instant, isIdle: Bool) -> ContinuousClock.Instant {
        let deadlines = [
            leases.nextDeadline, lostClaims.nextDeadline, batches.nextDeadline(now, isIdle: isIdle),
            claimer.nextDeadline(now), cancels.nextDeadline(now), progress.nextDeadline(now), settler.nextDeadline(now),
        ]
        return deadlines.compactMap { $0 }.min().map { min($0, now.advanced(by: .seconds(1))) }
            ?? now.advanced(by: .seconds(1))
    }

    /// For most runs nothing is due.
    func end(after look: Look) async {
        if look.holdsExpired { await housekeeper.prune() }
        if isForAll { await housekeeper.note(waiting: look.waitingNames) }
    }

    /// Closes handlers, and leaves the table as it should be.
    func end(isPruning: Bool) async throws(StoreError) {
        claimer.close()
        await shared.performer.registry.close()
        if let failure = shared.state.failure { throw failure }
        // The window may end before the next try.
        if shared.state.report.trouble == nil, shared.state.stoppingSince == nil, let trouble = shared.state.trouble {
            await shared.giveUp(after: trouble.error)
        }
        if isPruning { await housekeeper.prune() }
        if shared.state.report.trouble == nil {
            await housekeeper.removeOldFailed()
            await housekeeper.removeOldHistory()
        }
        if isForAll, shared.state.report.trouble == nil { await housekeeper.noteUnknownNames() }
    }

    /// Whether the run is for all names and queues.
    private var isForAll: Bool { shared.settings.only == nil && shared.settings.queues.isEmpty }
}
