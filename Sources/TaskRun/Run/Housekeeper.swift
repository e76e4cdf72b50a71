import Synchronization

/// Takes over what dead runs left behind, and repairs what others have changed by hand or left to expire.
final class Housekeeper {
    /// How often the run looks for what others have changed by hand.
    private static let mendPause = Duration.seconds(2)
    /// How long after a claim, which looks for them itself, expired tasks are looked for.
    private static let expiryPause = Duration.seconds(2)

    private let run: RunShared
    private let notices: Notices
    private let hooks: HookTeller
    private let batches: BatchWatcher
    private(set) var nextMend: ContinuousClock.Instant
    private var nextExpiry: ContinuousClock.Instant

    init(_ run: RunShared, notices: Notices, hooks: HookTeller, batches: BatchWatcher) {
        (self.run, self.notices, self.hooks, self.batches) = (run, notices, hooks, batches)
        nextMend = .now.advanced(by: Self.mendPause)
        nextExpiry = .now.advanced(by: Self.expiryPause)
    }

    /// Looks at the table for the first time, and repairs what others have left behind.
    ///
    /// - Returns: What was seen, and whether nothing is to be done after it; nil if the table stays locked, as the
    ///   report says.
    func firstLook() async throws(StoreError) -> (look: Look, isAll: Bool)? {
        do throws(StoreError) {
            return try await run.waitingForLocks { () throws(StoreError) in
                let look = try await run.store.look(names: run.names, queues: .all(of: run.settings.queues))
                if look.holdsClaims { try await recover() }
                var isMended = look.hasLine ? try await run.store.mendLines(now: nil) > 0 : false
                if look.hasBatch, try await batches.endBatches() { isMended = true }
                let isAll =
                    run.turn == nil && !isMended && !batches.isLookDue && !look.holdsClaims && !look.isDue
                return (look, isAll)
            }
        } catch {
            guard error.code == .locked else { throw error }
            run.state.finish(because: error)
            return nil
        }
    }

    /// Takes over what dead runs left behind, until nothing is left.
    func recover() async throws(StoreError) {
        let refused = Mutex<[RefusedRow]>([])
        var request = RecoverRequest(
            isDead: run.isDead,
            lease: run.settings.lease,
            crashLimit: run.settings.crashLimit,
            retention: run.performer.retention
        )
        request.refused = { id, cause in refused.withLock { $0.append(RefusedRow(id: id, name: nil, cause: cause)) } }
        var tasks: [RecoveredTask]
        repeat {
            tasks = try await run.store.recover(request)
            notices.refused(refused.withLock { $0 }, to: "take over")
            guard !tasks.isEmpty else { break }
            run.state.count(\.recovered, tasks.count)
            run.state.count(\.failed, tasks.count { $0.status == .failed })
            run.state.count(\.gaveWay, tasks.count(where: \.gaveWay))
            run.state.count(\.cancelled, tasks.count(where: \.isCancelled))
            run.tell(.recovered(tasks))
            await hooks.gaveUp(tasks.filter { $0.status == .failed }.map(\.id))
        } while tasks.count >= 1000 && run.stop.requests == 0
    }

    /// Repairs what others have changed by hand, while this run stays or is at work for long; else the next one does.
    func mend() async {
        let now = ContinuousClock.now
        guard now >= nextMend, !run.state.isEnding, !run.state.isPaused(now) else { return }
        // Where it takes long it is done more seldom.
        defer { nextMend = .now.advanced(by: max(Self.mendPause, now.duration(to: .now) * 10)) }
        // Trouble is not told: what settles and claims finds the same.
        guard (try? await run.store.isAnythingToMend()) == true else { return }
        let isMended = ((try? await run.store.mendLines(now: nil)) ?? 0) > 0
        let isEnded = (try? await batches.endBatches()) ?? false
        if isMended || isEnded { run.state.becameDue(.now) }
    }

    /// Makes tasks FAILED that were not begun in time, while nothing is claimed because all slots are taken.
    ///
    /// Trouble is not told: what settles and claims finds the same.
    func expire(isIdle: Bool) async {
        let now = ContinuousClock.now
        guard now >= nextExpiry, !isIdle, run.state.stoppingSince == nil, run.state.failure == nil,
            !run.state.isPaused(now)
        else { return }
        nextExpiry = now.advanced(by: Self.expiryPause)
        if let expired = try? await run.store.expire(run.performer.retention) { note(expired) }
    }

    /// A claim is made, which looks for expired tasks itself.
    func claimIsMade(_ now: ContinuousClock.Instant) { nextExpiry = now.advanced(by: Self.expiryPause) }

    func note(_ expired: [ExpiredTask]) {
        guard !expired.isEmpty else { return }
        batches.tasksExpired()
        run.state.count(\.expired, expired.count)
        run.state.count(\.failed, expired.count)
        run.tell(.expired(expired))
        hooks.expired(expired)
    }

    /// Removes results whose time is over: at most 1,000, or twice as many as this run may have left, so that they never
    /// become more and more; the next run goes on.
    func prune() async {
        var left = max(1000, 2 * run.state.report.claimed)
        while left > 0, run.stop.requests == 0 {
            // A thousand at a time: no lock is held for long. A locked table is the next run's to clean.
            var count = 0
            do {
                count = try await run.store.prune(limit: min(left, 1000), now: nil)
            } catch {
                if !error.isPassing { run.tell(.trouble(error)) }
            }
            left = count == 1000 ? left - count : 0
        }
    }

    /// Looks which names of waiting tasks have no handler.
    func noteUnknownNames() async {
        do {
            note(waiting: try await run.store.waitingNames(limit: Look.nameLimit))
        } catch {
            run.state.note(trouble: error)
        }
    }

    func note(waiting names: [String]) {
        run.state.note(unknownNames: names.filter { run.performer.registry[$0] == nil }.sorted())
    }
}
