import Synchronization

/// Takes over the tasks of dead runs, and repairs rows that others have changed by hand or that have expired.
final class Housekeeper {
    /// How often the run looks for rows that were changed by hand.
    private static let repairPause = Duration.seconds(2)
    /// How long after a claim, which looks for expired tasks itself, the run looks for them.
    private static let expiryPause = Duration.seconds(2)

    /// A run that has claimed so many tasks removes old lines of the history itself.
    private static let manyTasks = 10_000
    /// How many lines of the history a run removes at least, if there are so many, and how many at a time.
    private static let leastLines = 16_000
    private static let mostLines = 4_000

    private let run: RunShared
    private let notices: Notices
    private let hooks: HookTeller
    private let batches: BatchWatcher
    private let measures: MeasureKeeper
    private(set) var nextRepair: ContinuousClock.Instant
    private var nextExpiry: ContinuousClock.Instant
    /// What the store saw with the last claim, if it looked and nothing was due.
    private var latest: Look?

    init(_ run: RunShared, notices: Notices, hooks: HookTeller, batches: BatchWatcher, measures: MeasureKeeper) {
        (self.run, self.notices, self.hooks, self.batches) = (run, notices, hooks, batches)
        self.measures = measures
        nextRepair = .now.advanced(by: Self.repairPause)
        nextExpiry = .now.advanced(by: Self.expiryPause)
    }

    /// Checks the tables, and looks at the tasks if that can be done at once.
    ///
    /// Hooks may add tasks as the run begins: with hooks it looks later.
    func open() async throws(StoreError) -> Look? {
        if hooks.areThere || run.settings.task != nil {
            try await run.store.requireSchema()
            return nil
        }
        return try await run.store.open(names: run.names, queues: .all(of: run.settings.queues))
    }

    /// Looks at the table for the first time, and repairs what others have left behind.
    ///
    /// - Parameter look: What was seen just now, or nil.
    /// - Returns: What was seen, and whether nothing is left to do; nil if the table stays locked, as the report says.
    /// - Throws: What the database reports.
    func firstLook(_ look: Look?) async throws(StoreError) -> (look: Look, isAll: Bool)? {
        guard run.settings.task == nil else {
            return (Look(holdsClaims: false, isDue: true, waitingNames: [], hasLimits: true), false)
        }
        var seen = look
        do throws(StoreError) {
            return try await run.waitingForLocks { () throws(StoreError) in
                let queues = QueueFilter.all(of: run.settings.queues)
                let look: Look
                if let seen { look = seen } else { look = try await run.store.look(names: run.names, queues: queues) }
                // A second try looks again.
                seen = nil
                if look.holdsClaims { try await recover() }
                var isRepaired = look.hasLine ? try await run.store.repairLockLines(now: nil) > 0 : false
                if look.hasBatch, try await batches.endBatches() { isRepaired = true }
                let isAll =
                    run.claimingRole == nil && !isRepaired && !batches.isLookDue && !look.holdsClaims && !look.isDue
                return (look, isAll)
            }
        } catch {
            guard error.code == .locked else { throw error }
            run.state.finish(because: error)
            return nil
        }
    }

    /// Takes over the tasks of dead runs until none are left.
    func recover() async throws(StoreError) {
        guard run.settings.task == nil else { return }
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
            measures.count(tasks)
            run.tell(.recovered(tasks))
            await hooks.gaveUp(tasks.filter { $0.status == .failed }.map(\.id))
        } while tasks.count >= 1000 && run.stop.requests == 0
    }

    /// Repairs rows that were changed by hand while this run stays or works for long; otherwise the next run does.
    func repair() async {
        let now = ContinuousClock.now
        guard run.settings.task == nil, now >= nextRepair, !run.state.isEnding, !run.state.isPaused(now) else {
            return
        }
        // If it takes long it is done less often.
        defer { nextRepair = .now.advanced(by: max(Self.repairPause, now.duration(to: .now) * 10)) }
        // Errors are not reported: settling and claiming find the same error.
        guard (try? await run.store.needsRepair()) == true else { return }
        let isRepaired = ((try? await run.store.repairLockLines(now: nil)) ?? 0) > 0
        let isEnded = (try? await batches.endBatches()) ?? false
        if isRepaired || isEnded { run.state.becameDue(.now) }
    }

    /// Makes tasks FAILED that were not begun in time, while nothing is claimed because all slots are in use.
    ///
    /// Errors are not reported: settling and claiming find the same error.
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
        measures.count(expired)
        run.tell(.expired(expired))
        hooks.expired(expired)
    }

    /// Removes expired results: at most 1,000 or, if that is more, twice as many as this run has claimed tasks.
    ///
    /// So old results are removed faster than new ones are added. The next run continues.
    func prune() async {
        var left = max(1000, 2 * run.state.report.claimed)
        while left > 0, run.stop.requests == 0 {
            // A thousand at a time, so that no lock is held for long. If the table is locked, the next run removes
            // them.
            var count = 0
            do {
                count = try await run.store.prune(limit: min(left, 1000), now: nil)
            } catch {
                if !error.isPassing { run.tell(.trouble(error)) }
            }
            left = count == 1000 ? left - count : 0
        }
    }

    /// Removes old FAILED tasks: at most 1,000, so that no lock is held for long.
    ///
    /// A later run continues. If the table is locked, this run removes none.
    func removeOldFailed() async {
        guard run.isTidying, run.state.report.claimed > 0, run.stop.requests == 0 else { return }
        do {
            _ = try await run.store.removeOldFailed(run.settings.keepFailed, limit: 1_000)
        } catch {
            if !error.isPassing { run.tell(.trouble(error)) }
        }
    }

    /// Removes lines of the history that are kept no longer: as many as runs of this size leave between two of these.
    ///
    /// If the table is locked, it is left to the next run that tidies.
    func removeOldHistory() async {
        let claimed = run.state.report.claimed
        guard !run.store.history.isNothing, claimed > 0, run.settings.task == nil else { return }
        guard run.isTidying || claimed >= Self.manyTasks else { return }
        var left = max(Self.leastLines, 2 * run.settings.tidying * claimed)
        while left > 0, run.stop.requests == 0 {
            var count = 0
            do {
                count = try await run.store.removeOldHistory(failed: run.settings.keepFailed, limit: Self.mostLines)
            } catch {
                if !error.isPassing { run.tell(.trouble(error)) }
            }
            left = count == Self.mostLines ? left - count : 0
        }
    }

    /// Finds the names of waiting tasks that have no handler.
    func noteUnknownNames() async {
        if let latest { return await note(waiting: latest.waitingNames) }
        do {
            await note(waiting: try await run.store.waitingNames(limit: Look.nameLimit))
        } catch {
            run.state.note(trouble: error)
        }
    }

    func note(latest look: Look?) { latest = look }

    /// Notes which of these names have no handler, here and on the other hosts of the last hour.
    ///
    /// Hosts may have different handlers. Of all hosts, one reports a name, and does so once an hour. If the table of
    /// the runs cannot be read, each reports what it has no handler for.
    func note(waiting names: [String]) async {
        var unknown = names.filter { run.performer.registry[$0] == nil }.sorted()
        var isOfAllHosts = false
        if run.isRecorded, !unknown.isEmpty, let served = try? await run.store.servedNames() {
            isOfAllHosts = true
            unknown = unknown.filter { served.hosts(of: $0).isEmpty }
            if !run.settings.repeatsReports, !unknown.isEmpty {
                let due = try? await run.store.takeReports(of: unknown)
                unknown = due?.sorted() ?? unknown
            }
        }
        run.state.note(unknownNames: unknown, ofAllHosts: isOfAllHosts)
    }
}
