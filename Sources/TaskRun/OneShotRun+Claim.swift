import Synchronization

extension OneShotRun {
    /// Takes over what dead runs left behind, until nothing is left.
    func recover() async throws(StoreError) {
        var request = RecoverRequest(
            isDead: isDead,
            lease: settings.lease,
            crashLimit: settings.crashLimit,
            retention: performer.retention
        )
        let refused = Mutex<[RefusedRow]>([])
        request.refused = { id, cause in refused.withLock { $0.append(RefusedRow(id: id, name: nil, cause: cause)) } }
        var batch: [RecoveredTask]
        repeat {
            batch = try await store.recover(request)
            tell(refused: refused.withLock { $0 }, to: "take over")
            guard !batch.isEmpty else { break }
            report.recovered += batch.count
            report.failed += batch.count { $0.status == .failed }
            report.gaveWay += batch.count(where: \.gaveWay)
            report.cancelled += batch.count(where: \.isCancelled)
            observer?(.recovered(batch))
            await tellHooks(recovered: batch)
        } while batch.count >= 1000 && stop.requests == 0
    }

    /// What to claim now; nil: nothing.
    func claimRequest(now: ContinuousClock.Instant) -> ClaimRequest? {
        if isOver(now) { isWaiting = false }
        if !holds.isEmpty, holds.pass(now: now, most: settings.concurrency) { isWaiting = false }
        if stopBegan != nil || fatal != nil || left == 0 || names.isEmpty { phase = .done }
        if isOver(now) || phase == .done || bench.with({ $0.isStuck(now: now) }) { giveBackUnbegun() }
        if phase == .usual, isOver(now), isIdle { phase = .alone }
        guard phase != .done, phase == .alone || !isOver(now), !bench.with({ $0.holdsAlone }) else { return nil }
        guard hasReadyEnds || (now >= nextClaim && !isWaiting) else { return nil }
        guard !hooksAreBehind else {
            nextClaim = now.advanced(by: .milliseconds(100))
            return nil
        }
        guard !claimable.isEmpty else {
            waitForHolds(now: now)
            return nil
        }
        slotsHeld += slots.take(upTo: max(0, places - slotsHeld))
        if slotsHeld == 0 {
            // Other runs of this host have all places: ask again soon, and not beyond the window.
            nextClaim = now.advanced(by: .milliseconds(100))
            if phase == .alone, isOver(now) { phase = .done }
            return nil
        }
        return phase == .alone ? (isIdle ? request(.alone) : nil) : usualRequest()
    }

    /// Enough for the free places, and as much ahead as will begin soon; nil: enough is in hand.
    private func usualRequest() -> ClaimRequest? {
        let (waiting, busy, bytes) = bench.with { ($0.waiting.count, $0.workers.count, $0.bytes) }
        let free = min(slotsHeld, places) - busy
        let ready = bench.with({ $0.isSlow(now: .now) }) ? 0 : pace.ahead(workers: slotsHeld)
        let room = free + ready - waiting
        // Large payloads are not claimed ahead, and wait for others to end.
        let most = Workbench.mostBytes - bytes
        guard room > 0, most > 0, free > waiting || (waiting <= ready / 2 && bytes < Workbench.mostBytes / 2) else {
            return nil
        }
        var request = request(.usual(limit: min(room, left), crashed: max(0, free - waiting)))
        request.bytes = min(request.bytes, most)
        return request
    }

    private func request(_ share: ClaimRequest.Share) -> ClaimRequest {
        ClaimRequest(
            owner: identity.text,
            names: claimable,
            queues: settings.queues.first,
            share: share,
            lease: settings.lease,
            retention: performer.retention
        )
    }

    /// What may be claimed, in this order; limits are looked up once a second.
    func parts(now: ContinuousClock.Instant) async throws(StoreError) -> [ClaimShare] {
        if limits.map({ $0.seen.duration(to: now) > .seconds(1) }) ?? true {
            limits = (try await store.limits(), now)
            if settings.isFair {
                queueShares.note(due: try await store.dueQueues(names: claimable, queues: settings.queues.first))
            }
        }
        let limits = limits?.found ?? []
        let names = claimable
        let all = ClaimShare.divide(names, settings.queues, by: limits)
        let queues = queueShares.order
        guard !queues.isEmpty else { return all }
        // What one leaves of its share is for the others.
        let rest = ClaimShare.divide(names, queues.map { [$0] }, by: limits)
        var fair = rest
        for index in fair.indices { fair[index].parts = queues.count }
        return fair + rest + all
    }

    /// Goes on with what comes next in order, until as much was claimed as was asked for.
    ///
    /// - Parameters:
    ///   - exchange: What was claimed before; takes up what else comes, also when a part cannot be asked.
    ///   - request: What was asked for.
    ///   - parts: What comes next.
    /// - Throws: What the store throws; what was claimed before is in the exchange.
    func fill(
        _ exchange: inout Exchange,
        for request: ClaimRequest,
        from parts: ArraySlice<ClaimShare>
    ) async throws(StoreError) {
        var held: StoreError?
        for part in parts {
            guard var rest = request.rest(after: exchange.claimed, of: part) else { return }
            let more: Exchange
            if part.limits.isEmpty {
                more = try await store.settle([], thenClaim: rest, now: nil)
            } else {
                // What is claimed counts as begun, so hardly any is claimed ahead.
                rest.share = rest.share.atMost(slotsHeld)
                do {
                    more = try await store.claim(rest, within: part.limits, now: nil)
                } catch  where error.code == .locked {
                    // Somebody has the row of this limit locked: the others have nothing to do with that.
                    held = error
                    continue
                }
            }
            tell(refused: more.passedOver, to: "claim")
            exchange = exchange.followed(by: more)
        }
        if let held, exchange.claimed.isEmpty { throw held }
    }

    /// Lays what was claimed on the bench, and draws the conclusion when nothing came.
    func take(_ exchange: Exchange, for request: ClaimRequest, sent: ContinuousClock.Instant) {
        let claimed = exchange.claimed
        report.claimed += claimed.count
        note(exchange.expired)
        for task in claimed {
            pace.note(bytes: task.data.count)
            queueShares.noteClaim(in: task.queue)
        }
        let leaseEnd = sent.advanced(by: settings.lease)
        bench.add(unlessCancelled(claimed, leaseEnd: leaseEnd), leaseEnd: leaseEnd)
        if !claimed.isEmpty { vainLooks = 0 }
        if let version = exchange.newerVersion {
            handOver(to: version)
        } else if claimed.isEmpty, exchange.isPartial {
            nextClaim = sent
        } else if looksAgain(exchange, share: request.share), !isOver(sent) {
            isWaiting = false
        } else if request.share == .alone {
            if claimed.isEmpty, !isOver(sent) { tellQueueEmpty() }
            isWaiting = turn != nil && claimed.isEmpty && !isOver(sent)
            phase = isOver(sent) || (claimed.isEmpty && !isWaiting) ? .done : .usual
            if phase == .done, !isOver(sent), let moment = holds.nextWorthWaiting {
                (phase, nextClaim) = (.usual, moment)
            } else if phase == .done, staysForLocked(sent) {
                (phase, nextClaim) = (.usual, sent.advanced(by: .seconds(1)))
            }
        } else if exchange.isPartial {
            nextClaim = sent
        } else if claimed.isEmpty {
            // While handlers are at work, look again in a second; else try what has to be performed alone, at once.
            if isIdle { phase = .alone } else { nextClaim = sent.advanced(by: .seconds(1)) }
            isWaiting = turn != nil && !isIdle
        } else {
            isWaiting = false
        }
    }

    /// The tables are of a version in which a task may mean what this program does not know.
    private func handOver(to version: Int) {
        phase = .done
        report.trouble = StoreError(
            .schema,
            subject: "cannot claim tasks in \(store.location)",
            cause:
                "the tables were migrated meanwhile, and a program must know their version \(version) to begin tasks",
            advice: "Upgrade taskrun on this machine. What was in hand was finished; the rest waits for other runs."
        )
    }

    /// Makes tasks FAILED that were not begun in time, while nothing is claimed because all places are taken.
    ///
    /// Trouble is not told: what settles and claims finds the same.
    func expireMeanwhile() async {
        let now = ContinuousClock.now
        guard now >= nextExpiry, !isIdle, stopBegan == nil, fatal == nil, troubleUntil == nil else { return }
        nextExpiry = now.advanced(by: Self.expiryPause)
        if let expired = try? await store.expire(performer.retention) { note(expired) }
    }

    /// How long after a claim, which looks for them itself, tasks that were not begun in time are looked for.
    static var expiryPause: Duration { .seconds(2) }

    private func note(_ expired: [ExpiredTask]) {
        guard !expired.isEmpty else { return }
        isBatchLookDue = true
        report.expired += expired.count
        report.failed += expired.count
        observer?(.expired(expired))
        if hooks != nil { untold += expired.map(\.id) }
    }

    func isOver(_ now: ContinuousClock.Instant) -> Bool { windowEnd.map { now >= $0 } ?? false }

    private var left: Int { settings.limit.map { max(0, $0 - report.claimed) } ?? .max }

    var isIdle: Bool { unsettled.isEmpty && bench.with { $0.isEmpty } }

    /// What was claimed but not begun goes back: others can have it.
    ///
    /// At the limit it is still performed.
    func giveBackUnbegun() {
        guard stopBegan != nil || fatal != nil || phase != .done else { return }
        let unbegun = bench.with { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        giveBack(unbegun)
    }

    /// Gives back tasks whose handlers have not begun.
    func giveBack(_ unbegun: [Workbench.Held]) {
        unsettled += unbegun.map { held in
            let finished = Workbench.Finished(
                held: held,
                outcome: .stopped,
                cancellation: .stopping,
                took: .zero,
                occupied: .zero
            )
            // The record counts only where somebody has asked to cancel the task meanwhile.
            let record = performer.record(of: held.task, began: nil, .release())
            return self.unsettled(finished, .release(), record)
        }
    }

    /// Starts a worker for each free place while tasks wait, and gives unused places back.
    func beginWork() {
        let around = hooks.flatMap { $0.surroundHandlers ? $0 : nil }
        bench.startWorkers(places: min(slotsHeld, places)) { [bench, performer] number in
            var outcome: HandlerOutcome?
            while let task = bench.next(worker: number, after: outcome, timeLimit: performer.timeLimit) {
                if let around {
                    outcome = await performer.perform(task, between: around, on: bench, worker: number)
                    continue
                }
                outcome = await performer.perform(task) { outcome in
                    bench.follow(
                        worker: number,
                        after: outcome,
                        where: performer.canFollow,
                        timeLimit: performer.timeLimit
                    )
                }
            }
        }
        // A worker may have left just now, cancelled, with tasks still waiting: its place is for the next one.
        let needed = bench.with {
            $0.waiting.isEmpty ? $0.workers.count : min(slotsHeld, max($0.workers.count, places))
        }
        slots.release(slotsHeld - needed)
        slotsHeld = needed
    }
}
