/// Decides what to claim and when, and hands it to workers.
///
/// It owns the handler slots that the run has.
final class Claimer {
    private let run: RunShared
    private let slots: any HostSlots
    private let settler: Settler
    private let housekeeper: Housekeeper
    private let notices: Notices
    private let hooks: HookTeller
    private var slotsHeld = 0
    private var pace = ClaimPace()
    /// Names whose handlers cannot begin.
    private var holds = Holds()
    /// The limits, as seen within the last second.
    private var limits: (found: [TaskLimit], seen: ContinuousClock.Instant)?
    /// For a run that claims the same number from all queues with due tasks.
    private var queueShares = QueueShares()

    init(
        _ run: RunShared,
        slots: any HostSlots,
        settler: Settler,
        housekeeper: Housekeeper,
        notices: Notices,
        hooks: HookTeller
    ) {
        (self.run, self.slots, self.settler) = (run, slots, settler)
        (self.housekeeper, self.notices, self.hooks) = (housekeeper, notices, hooks)
    }

    /// Whether the run holds no task.
    var isIdle: Bool { settler.isEmpty && run.attempts.with { $0.isEmpty } }

    /// The names that may be claimed at this moment.
    var names: [String] { holds.claimable(of: run.names) }

    /// When a name may be claimed again whose handler could not begin, or nil if there is none.
    var nextName: ContinuousClock.Instant? { holds.nextEnd }

    /// How many handlers may run at once.
    private var slotLimit: Int { min(run.settings.concurrency, holds.slots ?? .max) }

    func nextDeadline(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let (isEmpty, hasReady) = run.attempts.with { ($0.isEmpty, !$0.ready.isEmpty) }
        if hasReady { return now.advanced(by: .milliseconds(25)) }
        return isEmpty ? run.state.nextClaim(now, isIdle: settler.isEmpty) : nil
    }

    // MARK: What ended

    /// Removes the attempts that have ended, and decides how each is settled.
    func collect() {
        let ended = run.attempts.with { state in
            defer { state.ended = [] }
            return state.ended
        }
        guard !ended.isEmpty else { return }
        run.state.tasksEnded(.now)
        // Progress that the table does not have yet goes into the result; the row of a task that is gone needs no
        // progress.
        let said = run.messages.take(ended.map(\.task.proof))
        var isHoldingBack = !holds.isEmpty
        for attempt in ended {
            if isHoldingBack || attempt.outcome.isNotBegun {
                noteBeginning(of: attempt)
                isHoldingBack = !holds.isEmpty
            }
            if !attempt.outcome.isNotBegun { pace.note(attempt.occupied) }
            settler.decide(attempt, said[attempt.task.proof])
        }
    }

    /// Notes whether a handler began.
    ///
    /// If not, other tasks of its name are given back.
    private func noteBeginning(of attempt: Attempt) {
        let name = attempt.task.name
        guard case .notBegun(let why) = attempt.outcome else { return holds.noteBegun(name) }
        let now = ContinuousClock.now
        let running = run.attempts.with { $0.running.count }
        if holds.note(name, why, running: running, now: now) { run.tell(.heldBack(attempt.task, why)) }
        guard holds.holds(name) else { return }
        settler.giveBack(run.attempts.with { state in state.removeReady { $0.task.name == name } })
    }

    // MARK: What to claim

    /// The next claim, or nil if none is to be made now.
    func request(_ now: ContinuousClock.Instant) -> ClaimRequest? {
        if !holds.isEmpty, holds.pass(now: now, most: run.settings.concurrency) { run.state.wake() }
        if run.state.left == 0 || run.names.isEmpty { run.state.finish() }
        let isStuck = run.attempts.with { $0.isStuck(now: now) }
        if run.state.isOver(now) || run.state.isEnding || isStuck { giveBackUnbegun() }
        run.state.timePassed(now, isIdle: isIdle)
        guard run.state.mayClaim(now, hasEnds: settler.hasReadyEnds), !run.attempts.with({ $0.holdsAlone }) else {
            return nil
        }
        guard !hooks.areBehind else {
            run.state.postponeClaim(until: now.advanced(by: .milliseconds(100)))
            return nil
        }
        guard !names.isEmpty else {
            waitForNames(now)
            return nil
        }
        slotsHeld += slots.take(upTo: max(0, slotLimit - slotsHeld))
        if slotsHeld == 0 {
            // Other runs of this host use all slots: ask again soon, but not beyond the window.
            run.state.postponeClaim(until: now.advanced(by: .milliseconds(100)))
            if run.state.isClaimingAlone, run.state.isOver(now) { run.state.finish() }
            return nil
        }
        if let id = run.settings.task { return request(.task(id)) }
        return run.state.isClaimingAlone ? (isIdle ? request(.alone) : nil) : usualRequest()
    }

    /// A claim for the free slots, and for as many tasks ahead as will begin soon; nil if the run holds enough.
    private func usualRequest() -> ClaimRequest? {
        let (waiting, busy, bytes) = run.attempts.with { ($0.ready.count, $0.workers.count, $0.bytes) }
        let free = min(slotsHeld, slotLimit) - busy
        let ahead = run.attempts.with({ $0.isSlow(now: .now) }) ? 0 : pace.ahead(workers: slotsHeld)
        let room = free + ahead - waiting
        // Large payloads are not claimed ahead, and wait for others to end.
        let most = Attempts.mostBytes - bytes
        guard room > 0, most > 0, free > waiting || (waiting <= ahead / 2 && bytes < Attempts.mostBytes / 2) else {
            return nil
        }
        var request = request(.usual(limit: min(room, run.state.left), crashed: max(0, free - waiting)))
        request.bytes = min(request.bytes, most)
        return request
    }

    private func request(_ share: ClaimRequest.Share) -> ClaimRequest {
        ClaimRequest(
            owner: run.identity.text,
            names: names,
            queues: run.settings.queues.first,
            share: share,
            lease: run.settings.lease,
            retention: run.performer.retention
        )
    }

    /// No other names may be claimed: the run waits for a name whose handler could not begin, or it ends.
    private func waitForNames(_ now: ContinuousClock.Instant) {
        guard isIdle else { return }
        if let moment = holds.nextWorthWaiting, !run.state.isOver(now) {
            run.state.postponeClaim(until: moment)
        } else {
            run.state.waitForStore(now)
        }
    }

    // MARK: Claiming

    /// Notes what the first look saw: without limits the first claim need not ask for them.
    func note(_ look: Look) {
        if !look.hasLimits, !run.settings.isFair { limits = ([], .now) }
    }

    /// Writes what has ended and claims what comes next.
    func claim(_ request: ClaimRequest, sent: ContinuousClock.Instant) async throws(StoreError) {
        let parts = try await parts(sent)
        let first = parts.first.flatMap { $0.limits.isEmpty ? $0 : nil }
        var exchange = try await settler.write(thenClaim: first.flatMap { request.rest(after: [], of: $0) })
        housekeeper.claimIsMade(sent)
        // Claimed tasks are held, whatever happens to the rest.
        var isWhole = false
        defer { take(isWhole ? exchange : exchange.asPart, for: request, sent: sent) }
        try await fill(&exchange, for: request, from: parts.dropFirst(first == nil ? 0 : 1))
        isWhole = true
        if exchange.claimed.isEmpty, !exchange.isPartial, let cause = run.store.tryRefusedAgain() {
            exchange = exchange.passingOver(because: cause)
        }
    }

    /// The parts of what may be claimed, in this order; limits are read once a second.
    private func parts(_ now: ContinuousClock.Instant) async throws(StoreError) -> [ClaimShare] {
        let names = names
        if limits.map({ $0.seen.duration(to: now) > .seconds(1) }) ?? true {
            limits = (try await run.store.limits(), now)
            if run.settings.isFair, run.settings.task == nil {
                let due = try await run.store.dueQueues(names: names, queues: run.settings.queues.first)
                queueShares.note(due: due)
            }
        }
        let limits = limits?.found ?? []
        let all = ClaimShare.divide(names, run.settings.queues, by: limits)
        guard run.settings.task == nil else { return all.filter(\.limits.isEmpty) }
        let queues = queueShares.order
        guard !queues.isEmpty else { return all }
        // What one part leaves of its share goes to the others.
        let rest = ClaimShare.divide(names, queues.map { [$0] }, by: limits)
        var fair = rest
        for index in fair.indices { fair[index].parts = queues.count }
        return fair + rest + all
    }

    /// Continues with the next parts until as much was claimed as was asked for.
    ///
    /// - Parameters:
    ///   - exchange: What was claimed before; it also receives what else is claimed, even if a part cannot be asked.
    ///   - request: What was asked for.
    ///   - parts: The next parts.
    /// - Throws: What the store throws; what was claimed before is in the exchange.
    private func fill(
        _ exchange: inout Exchange,
        for request: ClaimRequest,
        from parts: ArraySlice<ClaimShare>
    ) async throws(StoreError) {
        var locked: StoreError?
        for part in parts {
            guard var rest = request.rest(after: exchange.claimed, of: part) else { return }
            let more: Exchange
            if part.limits.isEmpty {
                more = try await run.store.settle([], thenClaim: rest, now: nil)
            } else {
                // A claimed task counts as begun, so hardly any are claimed ahead.
                rest.share = rest.share.atMost(slotsHeld)
                do {
                    more = try await run.store.claim(rest, within: part.limits, now: nil)
                } catch  where error.code == .locked {
                    // The row of this limit is locked, which does not affect the other parts.
                    locked = error
                    continue
                }
            }
            notices.refused(more.passedOver, to: "claim")
            exchange = exchange.followed(by: more)
        }
        if let locked, exchange.claimed.isEmpty { throw locked }
    }

    /// Adds the claimed tasks to the attempts, and decides what follows if nothing came.
    private func take(_ exchange: Exchange, for request: ClaimRequest, sent: ContinuousClock.Instant) {
        let claimed = exchange.claimed
        run.state.count(\.claimed, claimed.count)
        housekeeper.note(exchange.expired)
        housekeeper.note(latest: exchange.look)
        for task in claimed {
            pace.note(bytes: task.data.count)
            queueShares.noteClaim(in: task.queue)
        }
        let leaseEnd = sent.advanced(by: run.settings.lease)
        if claimed.contains(where: \.isCancelRequested) {
            for task in claimed where task.isCancelRequested {
                settler.cancel(Attempt(task, leaseEnd: leaseEnd).ended(.asked))
            }
            run.attempts.add(claimed.filter { !$0.isCancelRequested }, leaseEnd: leaseEnd)
        } else {
            run.attempts.add(claimed, leaseEnd: leaseEnd)
        }
        if let version = exchange.newerVersion { return handOver(to: version) }
        let findings = run.state.claimed(
            exchange,
            request.share,
            isIdle: isIdle,
            sent: sent,
            now: .now,
            nextName: holds.nextWorthWaiting
        )
        for finding in findings {
            if case .queueIsEmpty = finding { hooks.queueIsEmpty() } else { notices.found(finding) }
        }
    }

    /// The tables now have a version that this program does not know: it claims nothing more, and finishes its tasks.
    private func handOver(to version: Int) {
        let error = StoreError(
            .schema,
            subject: "cannot claim tasks in \(run.store.location)",
            cause:
                "the tables were migrated during the run; a program must know their version \(version) to begin tasks",
            advice: "Upgrade taskrun on this machine. Tasks that it held were finished; the rest wait for other runs."
        )
        run.state.finish(because: error)
    }

    // MARK: Performing

    /// Starts a worker for each free slot while tasks are ready, and gives unused slots back.
    func beginWork() {
        let (attempts, performer) = (run.attempts, run.performer)
        let around = hooks.aroundHandlers
        attempts.startWorkers(slots: min(slotsHeld, slotLimit)) { number in
            var outcome: HandlerOutcome?
            while let task = attempts.next(worker: number, after: outcome, timeLimit: performer.timeLimit) {
                if let around {
                    outcome = await performer.perform(task, between: around, attempts, worker: number)
                    continue
                }
                outcome = await performer.perform(task) { outcome in
                    attempts.follow(
                        worker: number,
                        after: outcome,
                        where: performer.canFollow,
                        timeLimit: performer.timeLimit
                    )
                }
            }
        }
        // A worker may have just left, cancelled, with tasks still ready: its slot is for the next worker.
        let needed = attempts.with {
            $0.ready.isEmpty ? $0.workers.count : min(slotsHeld, max($0.workers.count, slotLimit))
        }
        slots.release(slotsHeld - needed)
        slotsHeld = needed
    }

    /// Claims nothing more once another run asks to claim; running tasks are finished.
    func yieldRole() {
        guard let role = run.claimingRole, role.isWanted, !run.state.isEnding else { return }
        giveBackUnbegun()
        run.state.finish()
    }

    /// Releases tasks that were claimed but have not begun, so that other runs can claim them.
    ///
    /// A run that has reached its limit of tasks does not release them: it performs them.
    private func giveBackUnbegun() {
        guard run.state.givesBackAtEnd else { return }
        settler.giveBack(run.attempts.with { state in state.removeReady { _ in true } })
    }

    /// Gives all slots back.
    func close() {
        slots.release(slotsHeld)
        slotsHeld = 0
    }
}
