import Platform
import TaskRun

/// Settlements as at most two statements: one deletes rows, and one makes rows WAITING or FAILED.
///
/// There are more if lock keys become free, if tasks with tokens end, or if rows become WAITING that may have been
/// cancelled meanwhile.
struct SettlementBatch: Sendable {
    let requests: [Request]
    /// The settlements that make their rows WAITING or FAILED.
    let updates: [Settlement]
    private let deletes: [Settlement]
    /// The statements that keep the results of tasks with tokens.
    private let kept: [Request]
    let settlements: [Settlement]
    let now: Date?
    /// Whether the next task of each lock key is made claimable; else the next run does that.
    private let promotes: Bool
    private let keeper: HistoryKeeper

    /// Sorts settlements into statements.
    init(_ settlements: [Settlement], now: Date?, promotes: Bool = true, keeper: HistoryKeeper) {
        (self.settlements, self.now, self.promotes, self.keeper) = (settlements, now, promotes, keeper)
        let ordered = settlements.sorted { $0.proof.id < $1.proof.id }
        deletes = ordered.filter(\.isDeletion)
        updates = ordered.filter { !$0.isDeletion }
        let ends = Self.ends(ordered, updates, now: now, promotes: promotes, keeper)
        kept = ResultSQL.keep(ordered, now: now)
        requests =
            kept + (deletes.isEmpty ? [] : [Self.delete(deletes, keeper, now: now)])
            + [Self.equals(updates)].compactMap(\.self)
            + HistorySQL.noteFailures(updates, keeper, now: now)
            + (updates.isEmpty ? [] : [Self.update(updates, now: now)])
            + ends
    }

    /// Locks the rows that become WAITING and may have equals; nil if no row becomes WAITING.
    private static func equals(_ updates: [Settlement]) -> Request? {
        let back = updates.filter(\.becomesWaiting)
        return back.isEmpty ? nil : Request(EqualSQL.lock, [SQLText.array(back.map(\.proof.id))])
    }

    /// Removes rows that have become WAITING and are to be cancelled; none if no row becomes WAITING.
    private static func removal(_ updates: [Settlement], now: Date?, _ keeper: HistoryKeeper) -> [Request] {
        let back = updates.filter(\.becomesWaiting)
        return ResultSQL.removeCancelled(
            back.map { ($0.proof.id, $0.record?.keep ?? ResultRecord.standardKeep) },
            now: now,
            keeper
        )
    }

    private static func delete(_ settlements: [Settlement], _ keeper: HistoryKeeper, now: Date?) -> Request {
        SettleSQL.deleteNoting(settlements, keeper, now: now)
            ?? Request(SettleSQL.delete, ClaimProof.arrays(settlements.map(\.proof)))
    }

    private static func update(_ settlements: [Settlement], now: Date?) -> Request {
        let rows = settlements.compactMap { RowChange($0.verdict) }
        return Request(
            SettleSQL.update,
            ClaimProof.arrays(settlements.map(\.proof)) + [
                SQLText.array(rows.map(\.status.rawValue)),
                SQLText.array(rows.map(\.attempt.rawValue)),
                SQLText.array(rows.map { $0.wait.map(SQLText.seconds) }),
                SQLText.array(rows.map(\.error)),
                SQLText.array(rows.map { $0.isFresh ? "t" : "f" }),
                SQLText.moment(now),
            ]
        )
    }

    /// Removes rows that are to be cancelled and frees lock keys, in this order: see `lock_keys.sql`.
    ///
    /// The removal counts in batches, so it too comes after the locks of the keys. If a row that was to keep its key is
    /// removed as cancelled, the next task of that key is made claimable.
    private static func ends(
        _ settlements: [Settlement],
        _ updates: [Settlement],
        and removed: [RemovedEqual] = [],
        now: Date?,
        promotes: Bool,
        _ keeper: HistoryKeeper
    ) -> [Request] {
        let keyed = settlements.filter { $0.lockKey != nil }
        let rest = keyed.filter(\.freesKey)
        let free = rest.isEmpty ? [] : [Request(LockSQL.free, ClaimProof.arrays(rest.map(\.proof)))]
        let removal = removal(updates, now: now, keeper)
        let keys = keyed.compactMap(\.lockKey) + removed.compactMap(\.lockKey)
        let requests = LockSQL.letGo(keys, after: removal + free, now: SQLText.moment(now))
        // The statement that makes the next tasks claimable comes last.
        return promotes || keys.isEmpty ? requests : requests.dropLast()
    }

    /// One result for each settlement, from the rows that the statements changed.
    func results(_ answers: Answers) -> [SettleResult] {
        let deleted = answers[SettleSQL.delete, SettleSQL.deleteNoting]
        let updated = answers[SettleSQL.update]
        let cancelled = answers[ResultSQL.removeCancelled]
        guard !cancelled.isEmpty || deleted.count + updated.count < settlements.count else {
            return Array(repeating: .settled, count: settlements.count)
        }
        return SettledRows(written: deleted.ids + updated.ids, cancelled: cancelled.ids).results(of: settlements)
    }

    /// Settles in a transaction if rows that become WAITING have equals: the newest stays, the others are removed.
    ///
    /// Waiting rows are removed after their keys are locked: the commands that remove them lock the keys first too.
    ///
    /// - Returns: One result for each settlement, and the rows that were removed besides.
    /// - Throws: What the database reports.
    func settleGivingWay(
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> (results: [SettleResult], removed: [RemovedEqual]) {
        let back = updates.filter(\.becomesWaiting)
        let keys = SQLText.array(settlements.map(\.lockKey).filter { $0 != nil })
        let opening =
            kept + (deletes.isEmpty ? [] : [Self.delete(deletes, keeper, now: now)])
            + [Self.equals(updates)].compactMap(\.self)
            + HistorySQL.noteFailures(updates, keeper, now: now)
            + [Request(EqualSQL.keys, [SQLText.array(back.map(\.proof.id)), keys])]
        let deleted = try session.exchange(opening)[SettleSQL.delete, SettleSQL.deleteNoting]
        let keep = back.map { $0.record?.keep ?? ResultRecord.standardKeep }
        let update = Self.update(updates, now: now)
        let answers = try session.givingWay(back.map(\.proof), keep: keep, now: now, thenSend: update)
        let removed = answers[EqualSQL.remove].map { RemovedEqual($0) }
        let ends = Self.ends(settlements, updates, and: removed, now: now, promotes: promotes, keeper)
        let rows = try SettledRows(
            written: deleted.ids + answers[SettleSQL.update].ids,
            gaveWay: answers[EqualSQL.giveWay].ids,
            cancelled: session.exchange(ends)[ResultSQL.removeCancelled].ids
        )
        return (rows.results(of: settlements), removed)
    }

    /// Whether more has to be done once it is known which rows were settled.
    var hasSequel: Bool { settlements.contains(where: \.hasSequel) }

    /// Adds the follow-up tasks of finished tasks, and counts the ends in their batches.
    ///
    /// - Returns: The tasks that keep waiting although their batches have ended.
    func conclude(
        _ results: [SettleResult],
        removed: [RemovedEqual] = [],
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> EndedBatches {
        let sequel = Sequel(settlements, results, removed: removed.compactMap(\.batch))
        do throws(PostgreSQLFailure) {
            let steps = TaskInsertion(sequel.followUps).steps
            for (place, step) in steps.enumerated() {
                let opening = place == 0 ? [SessionSettings.haste(isAlone: settlements.count == 1)] : []
                let closing = place == steps.count - 1 ? [SessionSettings.noHaste] : []
                let answers = try session.exchange(opening + [step.request] + closing)
                // A task with a key has a statement of its own, which adds nothing if an equal task waits.
                let isWhole = answers[step.request.statement].count == step.tasks.count
                guard isWhole || step.tasks.first?.dedupeKey != nil else { throw PostgreSQLFailure.notKept }
            }
        } catch {
            if error.state == PostgreSQLFailure.lockTimeout {
                throw PostgreSQLFailure(.held, state: error.state, message: error.message)
            }
            guard error.isAboutStatement || error == .notKept else { throw error }
            // Another task has the token: no row has to give way for that, so the error does not carry this state.
            let state = error.state == PostgreSQLFailure.uniqueViolation ? nil : error.state
            var refusal = PostgreSQLFailure(.refused, state: state, message: error.message)
            refusal.isAboutFollowUp = true
            throw refusal
        }
        return try Batches(session: session).end(sequel.batches, now: now)
    }
}

extension ClaimProof {
    /// Ids and claim numbers as two arrays.
    static func arrays(_ proofs: [ClaimProof]) -> [String?] {
        [SQLText.array(proofs.map(\.id)), SQLText.array(proofs.map(\.number))]
    }
}
