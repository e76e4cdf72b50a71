import Platform
import TaskRun

/// Settlements as at most two statements: one that deletes and one that puts rows back or aside; more where lock keys become
/// free, where tasks with tokens end, or where rows are put back that may have been cancelled meanwhile.
struct SettlementBatch: Sendable {
    /// The statements to be run.
    let requests: [Request]
    /// What goes back or aside.
    let updates: [Settlement]
    private let deletes: [Settlement]
    /// The results that tasks with tokens leave.
    private let kept: [Request]
    let settlements: [Settlement]
    let now: Date?
    /// Whether the lines of lock keys are led on; else the next run does that.
    private let leadsOn: Bool

    /// Sorts settlements into statements.
    init(_ settlements: [Settlement], now: Date?, leadsOn: Bool = true) {
        (self.settlements, self.now, self.leadsOn) = (settlements, now, leadsOn)
        let ordered = settlements.sorted { $0.proof.id < $1.proof.id }
        deletes = ordered.filter(\.isDeletion)
        updates = ordered.filter { !$0.isDeletion }
        let ends = Self.ends(ordered, updates, now: now, leadsOn: leadsOn)
        kept = ResultSQL.keep(ordered, now: now)
        requests =
            kept + (deletes.isEmpty ? [] : [Self.delete(deletes)])
            + [Self.equals(updates)].compactMap(\.self)
            + (updates.isEmpty ? [] : [Self.update(updates, now: now)])
            + ends
    }

    /// Locks what goes back to WAITING and may have equals; nil where nothing goes back.
    private static func equals(_ updates: [Settlement]) -> Request? {
        let back = updates.filter(\.goesBack)
        return back.isEmpty ? nil : Request(EqualSQL.lock, [SQLText.array(back.map(\.proof.id))])
    }

    /// Removes what was put back and is to be cancelled; nil where nothing was put back.
    private static func removal(_ updates: [Settlement], now: Date?) -> Request? {
        let back = updates.filter(\.goesBack)
        return ResultSQL.removeCancelled(
            back.map { ($0.proof.id, $0.record?.keep ?? ResultRecord.standardKeep) },
            now: now
        )
    }

    private static func delete(_ settlements: [Settlement]) -> Request {
        Request(SettleSQL.delete, ClaimProof.arrays(settlements.map(\.proof)))
    }

    private static func update(_ settlements: [Settlement], now: Date?) -> Request {
        let changes = settlements.map { Change($0.verdict) }
        return Request(
            SettleSQL.update,
            ClaimProof.arrays(settlements.map(\.proof)) + [
                SQLText.array(changes.map { $0.status.rawValue }),
                SQLText.array(changes.map { $0.isAsked ? 2 : $0.isGivenBack ? 1 : 0 }),
                SQLText.array(changes.map { $0.wait.map(SQLText.seconds) }),
                SQLText.array(changes.map { $0.error.map(LastError.fit) }),
                SQLText.array(changes.map { $0.isFresh ? "t" : "f" }),
                SQLText.moment(now),
            ]
        )
    }

    /// Removes what is to be cancelled and lets go of lock keys, in this order: see `lock_keys.sql`.
    ///
    /// The removal counts in batches, and so comes behind the keys' locks as well.
    /// Of a row that was to keep its key the line is led on if it has gone because it was to be cancelled.
    private static func ends(
        _ settlements: [Settlement],
        _ updates: [Settlement],
        and removed: [RemovedEqual] = [],
        now: Date?,
        leadsOn: Bool
    ) -> [Request] {
        let keyed = settlements.filter { $0.lockKey != nil }
        let rest = keyed.filter { !$0.isDeletion && !$0.keepsKey }
        let free = rest.isEmpty ? [] : [Request(LockSQL.free, ClaimProof.arrays(rest.map(\.proof)))]
        let removal = [removal(updates, now: now)].compactMap(\.self)
        let keys = keyed.compactMap(\.lockKey) + removed.compactMap(\.lockKey)
        let requests = LockSQL.letGo(keys, after: removal + free, now: SQLText.moment(now))
        // Leading a line on comes last.
        return leadsOn || keys.isEmpty ? requests : requests.dropLast()
    }

    /// One result a settlement, from the rows that the statements changed.
    func results(_ answers: Answers) -> [SettleResult] {
        let gone = Self.cancelled(answers)
        let (deleted, updated) = (answers[SettleSQL.delete], answers[SettleSQL.update])
        guard !gone.isEmpty || deleted.count + updated.count < settlements.count else {
            return Array(repeating: .settled, count: settlements.count)
        }
        let ids = Set([deleted, updated].joined().map { $0.integer("id") })
        return settlements.map { settlement in
            guard ids.contains(settlement.proof.id) else { return .leaseLost }
            return gone.contains(settlement.proof.id) ? .cancelled : .settled
        }
    }

    /// Which rows were put back and removed, as they were to be cancelled.
    private static func cancelled(_ answers: Answers) -> Set<Int64> {
        Set(answers[ResultSQL.removeCancelled].map { $0.integer("id") })
    }

    /// Settles within a transaction where rows that go back to WAITING have equals: of these the newest stays, the others are removed.
    ///
    /// What waits is removed behind the locks of its keys, as the commands that remove it by hand lock those first.
    ///
    /// - Returns: One result a settlement, and what was removed beside.
    /// - Throws: What the database reports.
    func settleGivingWay(
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> (results: [SettleResult], removed: [RemovedEqual]) {
        let back = updates.filter(\.goesBack)
        let keys = SQLText.array(settlements.map(\.lockKey).filter { $0 != nil })
        let opening =
            kept + (deletes.isEmpty ? [] : [Self.delete(deletes)]) + [Self.equals(updates)].compactMap(\.self)
            + [Request(EqualSQL.keys, [SQLText.array(back.map(\.proof.id)), keys])]
        var results: [Int64: SettleResult] = [:]
        for row in try session.exchange(opening)[SettleSQL.delete] { results[row.integer("id")] = .settled }
        let removed = try putBack(back, &results, in: session)
        let gone = Self.cancelled(
            try session.exchange(Self.ends(settlements, updates, and: removed, now: now, leadsOn: leadsOn))
        )
        for id in gone where results[id] == .settled { results[id] = .cancelled }
        return (settlements.map { results[$0.proof.id] ?? .leaseLost }, removed)
    }

    /// Puts rows back or aside, without those that have newer equals, and without older equals that wait.
    private func putBack(
        _ back: [Settlement],
        _ results: inout [Int64: SettleResult],
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> [RemovedEqual] {
        let values =
            ClaimProof.arrays(back.map(\.proof)) + [
                SQLText.array(back.map { SQLText.seconds($0.record?.keep ?? ResultRecord.standardKeep) }),
                SQLText.moment(now),
            ]
        // A program may add an equal one at this moment; that cannot go on for ever.
        for _ in 0..<10 {
            do throws(PostgreSQLFailure) {
                let answers = try session.exchange([
                    .mark, Request(EqualSQL.remove, values), Request(EqualSQL.giveWay, values),
                    Self.update(updates, now: now), .keep,
                ])
                for row in answers[EqualSQL.giveWay] { results[row.integer("id")] = .gaveWay }
                for row in answers[SettleSQL.update] { results[row.integer("id")] = .settled }
                return answers[EqualSQL.remove].map { RemovedEqual($0) }
            } catch {
                guard error.meetsEqual(in: "tasks_dedupe") else { throw error }
                try session.exchange([.undo, .keep])
            }
        }
        throw PostgreSQLFailure(.locked, message: "equal tasks come and go")
    }

    /// What a verdict but `delete` changes in a row.
    private struct Change {
        var status: TaskStatus = .waiting
        var isGivenBack = false
        var isAsked = false
        /// nil leaves `run_at` as it is.
        var wait: Duration?
        /// nil leaves `last_error` as it is.
        var error: String?
        var isFresh = false

        init(_ verdict: Verdict) {
            switch verdict {
            case .delete, .cancel:
                preconditionFailure("a row to be deleted is not changed")
            case .retry(let after, let error):
                (wait, self.error, isFresh) = (Self.clamped(after), error, true)
            case .fail(let error):
                (status, self.error) = (.failed, error)
            case .release(let after, let error, let isAsked):
                // Given back unused, a row keeps its place among the due ones.
                wait = after > .zero ? Self.clamped(after) : nil
                (isGivenBack, self.error, self.isAsked) = (true, error, isAsked)
            }
        }

        private static func clamped(_ wait: Duration) -> Duration { min(max(wait, .zero), .seconds(366 * 86400)) }
    }
}

extension Settlement {
    fileprivate var isDeletion: Bool {
        verdict == .delete || verdict == .cancel
    }

    /// Whether it makes its row WAITING again.
    fileprivate var goesBack: Bool { !isDeletion && verdict.resultState == nil }
}

extension ClaimProof {
    /// Reads the proof of a row of `tasks`.
    init(_ row: PostgreSQLResult.Row) { self.init(id: row.integer("id"), number: row.integer("claim_no")) }

    /// Ids and claim numbers as two arrays.
    static func arrays(_ proofs: [ClaimProof]) -> [String?] {
        [SQLText.array(proofs.map(\.id)), SQLText.array(proofs.map(\.number))]
    }
}
