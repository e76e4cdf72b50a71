import TaskRun

/// Recovers the tasks of dead runs, at most 1,000 rows a call.
struct Recovery: Sendable {
    private static let most = 1000

    let store: PostgreSQLStore
    let request: RecoverRequest

    private var memory: ClaimMemory { store.memory }

    /// Recovers; tries again with fewer rows if the server has no room for so many locks.
    func recover() async throws(StoreError) -> [RecoveredTask] {
        try await endStuck()
        while true {
            let budget = memory.lockBudget
            do throws(StoreError) {
                return try await recoverOnce()
            } catch {
                guard memory.lockBudget < budget else { throw error }
            }
        }
    }

    /// Writes the ends of tasks that the database refused before, if it accepts them now.
    private func endStuck() async throws(StoreError) {
        let stuck = try await store.reach(to: "look for tasks that have ended") {
            try StuckTasks(session: $0).some()
        }
        guard !stuck.isEmpty else { return }
        var ended = stuck.filter { !$0.isThere }.map(\.settlement.proof)
        for task in stuck where task.isThere {
            let result = try? await store.settle([task.settlement], thenClaim: nil, now: nil).results.first
            if let result, result != .untouched { ended.append(task.settlement.proof) }
        }
        guard !ended.isEmpty else { return }
        try await store.reach(to: "forget tasks that have ended") { [ended] in
            try StuckTasks(session: $0).forget(ended)
        }
    }

    private func recoverOnce() async throws(StoreError) -> [RecoveredTask] {
        let owners = try await store.reach(to: "recover tasks") { session in
            try session.rows(of: Request(RecoverSQL.owners)).map { $0.text("lease_owner") }
        }
        // Between two transactions: this looks at the host's processes, and nothing is to be locked meanwhile.
        var dead: [String] = []
        for owner in owners where await request.isDead(owner) { dead.append(owner) }
        let runs = owners.filter { RunIdentity(text: $0) != nil }
        return try await store.reach(to: "recover tasks") { [dead] in
            try TakeoverBatch(session: $0, request: request, most: min(Self.most, 2 * memory.lockBudget))
                .run(dead: dead, runs: runs)
        }
    }
}

/// Takes over the rows of dead runs, on one session.
private struct TakeoverBatch {
    let session: PostgreSQLSession
    let request: RecoverRequest
    /// The most rows.
    let most: Int

    private var limit: Duration { SessionSettings.maintenanceLimit }

    func run(dead: [String], runs: [String]) throws(PostgreSQLFailure) -> [RecoveredTask] {
        let found = try begin(dead: dead, runs: runs)
        guard !found.isEmpty else {
            try session.exchange([.commit])
            return []
        }
        do throws(PostgreSQLFailure) {
            return try takeOver(found)
        } catch {
            // The history may be what is refused: the whole call is made again without it.
            let isSuspect = error.isRefusal && session.keeper.isSuspect
            guard !isSuspect, error.isRefusal || error.state == PostgreSQLFailure.lockTimeout else { throw error }
            try session.exchange([.rollback])
            return try takeOverOneByOne(found)
        }
    }

    /// Begins a transaction, shortens leases that no run can have set, and finds and locks the abandoned rows.
    private func begin(dead: [String], runs: [String]) throws(PostgreSQLFailure) -> [Takeover] {
        let values = [
            SQLText.array(dead), SQLText.seconds(request.lease), SQLText.moment(request.now), String(most),
            SchemaSQL.knownVersion,
        ]
        let look = Request(RecoverSQL.abandoned, values)
        let far: [String?] = [
            SQLText.array(runs), SQLText.seconds(request.lease), SQLText.seconds(request.unbelievable.ofRun),
            SQLText.seconds(request.unbelievable.ofOther), SQLText.moment(request.now),
        ]
        let opening = [.begin, SessionSettings.patience]
        let answers: Answers
        do throws(PostgreSQLFailure) {
            let cut = Request(RecoverSQL.cut, far + [nil])
            answers = try session.exchange(opening + [cut, look], within: limit)
        } catch {
            guard error.mayBeOfOneRow else { throw error }
            try session.exchange([.rollback])
            try cutOneByOne(far)
            answers = try session.exchange(opening + [look], within: limit)
        }
        return answers[RecoverSQL.abandoned].map { row in
            let found = AbandonedRow(row, leaseEnd: row.textIfAny("lease_end"))
            return Takeover(found, crashLimit: request.crashLimit, seen: row.text("found_at"))
        }
    }

    /// Shortens leases that no run can have set, each in a transaction of its own: the database refuses one of the
    /// rows, or one is locked.
    private func cutOneByOne(_ values: [String?]) throws(PostgreSQLFailure) {
        for row in try session.rows(of: Request(RecoverSQL.far, values + [nil])) {
            let id = row.integer("id")
            do throws(PostgreSQLFailure) {
                let cut = Request(RecoverSQL.cut, values + [String(id)])
                try session.exchange([.begin, SessionSettings.patience, cut, .commit])
            } catch {
                guard error.mayBeOfOneRow else { throw error }
                try session.exchange([.rollback])
                if error.isRefusal { request.refused(id, error.storeError(subject: "").cause) }
            }
        }
    }

    private func takeOver(_ rows: [Takeover]) throws(PostgreSQLFailure) -> [RecoveredTask] {
        try conclude(rows, write(rows))
    }

    /// Makes rows WAITING or FAILED; if some have equals that wait, the newest of these stays, the others are removed.
    private func write(_ rows: [Takeover]) throws(PostgreSQLFailure) -> Answers {
        let (update, back) = (Self.update(rows), rows.filter(\.becomesWaiting))
        let ids = SQLText.array(back.map(\.proof.id))
        let note = HistorySQL.noteCrashes(rows, session.keeper, now: request.now)
        do throws(PostgreSQLFailure) {
            return try session.exchange([Request(EqualSQL.lock, [ids])] + note + [.mark, update, .keep], within: limit)
        } catch {
            guard error.meetsEqual(in: "tasks_dedupe") else { throw error }
            try session.exchange([.undo, .keep])
        }
        let keys = SQLText.array(rows.map(\.lockKey).filter { $0 != nil })
        try session.exchange([Request(EqualSQL.keys, [ids, keys])], within: limit)
        let keep = back.map { request.retention[$0.task.name] }
        return try session.givingWay(
            back.map(\.proof),
            keep: keep,
            now: request.now,
            thenSend: update,
            within: limit
        )
    }

    private static func update(_ rows: [Takeover]) -> Request {
        Request(
            RecoverSQL.takeOver,
            ClaimProof.arrays(rows.map(\.proof)) + [
                SQLText.array(rows.map(\.task.status.rawValue)),
                SQLText.array(rows.map { Int64($0.task.crashes) }),
                SQLText.array(rows.map(\.error)),
            ]
        )
    }

    /// Takes over each row in a transaction of its own: the database refuses one, or a lock is not free.
    private func takeOverOneByOne(_ rows: [Takeover]) throws(PostgreSQLFailure) -> [RecoveredTask] {
        var done: [RecoveredTask] = []
        for row in rows.newestFirst(\.proof.id) {
            do throws(PostgreSQLFailure) {
                try session.exchange([.begin, SessionSettings.patience])
                done += try takeOver([row])
            } catch {
                guard error.isRefusal || error.state == PostgreSQLFailure.lockTimeout else { throw error }
                try session.exchange([.rollback])
                // A later run takes over what is locked now.
                if error.isRefusal { request.refused(row.task.id, error.storeError(subject: "").cause) }
            }
        }
        return done.sorted { $0.id < $1.id }
    }

    /// Does what follows from the changes of these rows, and ends the transaction.
    ///
    /// The keys of tasks that have ended are locked before other rows are removed.
    private func conclude(_ rows: [Takeover], _ answers: Answers) throws(PostgreSQLFailure) -> [RecoveredTask] {
        let (written, gone) = (answers[RecoverSQL.takeOver].ids, answers[EqualSQL.giveWay].ids)
        let recovered = Recovered(rows, written: written, gaveWay: gone)
        let removed = answers[EqualSQL.remove].map { RemovedEqual($0) }
        let keyed = recovered.ended.filter { $0.lockKey != nil }
        let free = keyed.isEmpty ? [] : [Request(LockSQL.free, ClaimProof.arrays(keyed.map(\.proof)))]
        let keys = keyed.compactMap(\.lockKey) + removed.compactMap(\.lockKey)
        try session.exchange(LockSQL.letGo(keys, after: ends(recovered.written) + free), within: limit)
        let batches = recovered.ended.compactMap(\.batch) + removed.compactMap(\.batch)
        try Batches(session: session).end(BatchCounts(batches: batches), now: request.now)
        try session.exchange([.commit], within: limit)
        // This transaction has locked them, so no other one has changed them.
        for id in recovered.skipped { request.refused(id, StoreError.skipped) }
        return recovered.tasks
    }

    /// Keeps the results of rows that became FAILED, and removes those that were to be cancelled.
    private func ends(_ rows: [Takeover]) -> [Request] {
        let failed = rows.map(\.task).filter { $0.status == .failed }
        let results = Request(
            ResultSQL.keepFailed,
            [
                SQLText.array(failed.map(\.id)),
                SQLText.array(failed.map { SQLText.seconds(request.retention[$0.name]) }),
                SQLText.moment(request.now),
            ]
        )
        let removal = ResultSQL.removeCancelled(
            rows.map(\.task).filter(\.isCancelled).map { ($0.id, request.retention[$0.name]) },
            now: request.now,
            session.keeper
        )
        return (failed.isEmpty ? [] : [results]) + removal
    }
}
