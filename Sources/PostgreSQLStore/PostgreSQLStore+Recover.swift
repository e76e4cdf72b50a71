public import TaskRun

extension PostgreSQLStore {
    /// The most rows that one call takes over.
    private static let recoverLimit = 1000

    /// Takes over what dead runs left behind: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: What was taken over, at most 1,000 rows.
    /// - Throws: What the database reports.
    public func recover(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask] {
        try await endStuck()
        return try await takingFewer { () async throws(StoreError) in try await recoverOnce(request) }
    }

    private func recoverOnce(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask] {
        let owners = try await reach(to: "recover tasks") { session throws(PostgreSQLFailure) in
            try session.rows(of: Request(RecoverSQL.owners)).map { $0.text("lease_owner") }
        }
        // Asked between two transactions: it looks at this host's processes, and nothing is to be locked meanwhile.
        var gone: [String] = []
        for owner in owners where await request.isDead(owner) { gone.append(owner) }
        let dead = gone
        let runs = owners.filter { RunIdentity(text: $0) != nil }
        return try await reach(to: "recover tasks") { session throws(PostgreSQLFailure) in
            let look = Request(
                RecoverSQL.abandoned,
                [
                    SQLText.array(dead), SQLText.seconds(request.lease), SQLText.moment(request.now),
                    String(min(Self.recoverLimit, 2 * lockBudget)),
                ]
            )
            let limit = SessionSettings.maintenanceLimit
            let far = request.unbelievable
            let unbelievable: [String?] = [
                SQLText.array(runs), SQLText.seconds(request.lease), SQLText.seconds(far.ofRun),
                SQLText.seconds(far.ofOther), SQLText.moment(request.now),
            ]
            let cut = Request(RecoverSQL.cut, unbelievable + [nil])
            let found: PostgreSQLResult.Rows
            do throws(PostgreSQLFailure) {
                let requests = [.begin, SessionSettings.patience, cut, look]
                found = try session.exchange(requests, within: limit)[RecoverSQL.abandoned]
            } catch {
                guard error.mayBeOfOneRow else { throw error }
                try session.exchange([.rollback])
                try cutOneByOne(unbelievable, request, in: session)
                let requests = [.begin, SessionSettings.patience, look]
                found = try session.exchange(requests, within: limit)[RecoverSQL.abandoned]
            }
            guard !found.isEmpty else {
                try session.exchange([.commit])
                return []
            }
            let rows = found.map { Abandoned($0, crashLimit: request.crashLimit) }
            do throws(PostgreSQLFailure) {
                return try takeOver(rows, request, in: session)
            } catch {
                guard error.isRefusal || error.state == PostgreSQLFailure.lockTimeout else { throw error }
                try session.exchange([.rollback])
                return try takeOverOneByOne(rows, request, in: session)
            }
        }
    }

    /// Ends leases that no run can have set each in a transaction of its own: the database refuses one of them, or it is held.
    private func cutOneByOne(
        _ values: [String?],
        _ request: RecoverRequest,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) {
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

    private func takeOver(
        _ rows: [Abandoned],
        _ request: RecoverRequest,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> [RecoveredTask] {
        let (update, limit) = (Abandoned.takeOver(rows), SessionSettings.maintenanceLimit)
        var taken: Set<Int64> = []
        do throws(PostgreSQLFailure) {
            let equals = Request(EqualSQL.lock, [SQLText.array(rows.filter(\.goesBack).map(\.proof.id))])
            let answers = try session.exchange([equals, .mark, update, .keep], within: limit)
            taken = Set(answers[RecoverSQL.takeOver].map { $0.integer("id") })
        } catch {
            guard error.meetsEqual(in: "tasks_dedupe") else { throw error }
            try session.exchange([.undo, .keep])
            return try takeOverGivingWay(rows, request, in: session)
        }
        let left = rows.filter { !taken.contains($0.task.id) }
        try conclude(
            rows.filter { taken.contains($0.task.id) },
            free: rows.filter { $0.ends && taken.contains($0.task.id) },
            request,
            in: session
        )
        // They are locked, so nobody else has changed them.
        for row in left { request.refused(row.task.id, StoreError.skipped) }
        return rows.map(\.task).filter { taken.contains($0.id) }
    }

    /// Takes rows over each in a transaction of its own: the database refuses one of them, or somebody holds what it needs.
    ///
    /// The newest first, as of equal ones an older one gives way.
    private func takeOverOneByOne(
        _ rows: [Abandoned],
        _ request: RecoverRequest,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> [RecoveredTask] {
        var taken: [RecoveredTask] = []
        for row in rows.sorted(by: { $0.task.id > $1.task.id }) {
            do throws(PostgreSQLFailure) {
                try session.exchange([.begin, SessionSettings.patience])
                taken += try takeOver([row], request, in: session)
            } catch {
                guard error.isRefusal || error.state == PostgreSQLFailure.lockTimeout else { throw error }
                try session.exchange([.rollback])
                // What is held is taken over by a later run.
                if error.isRefusal { request.refused(row.task.id, error.storeError(subject: "").cause) }
            }
        }
        return taken.sorted { $0.id < $1.id }
    }

    /// The most tasks whose ends one call tries to write that were refused before.
    private static let stuckLimit = 100

    /// Writes the ends of tasks that the database has refused before, where it takes them now.
    private func endStuck() async throws(StoreError) {
        let rows = try await reach(to: "look for tasks that have ended") { session throws(PostgreSQLFailure) in
            try session.rows(of: Request(StuckSQL.some, [String(Self.stuckLimit)])).map { Stuck($0) }
        }
        guard !rows.isEmpty else { return }
        var ended = rows.filter { !$0.isThere }.map(\.settlement.proof)
        for row in rows where row.isThere {
            let result = try? await settle([row.settlement], thenClaim: nil, now: nil).results.first
            if let result, result != .untouched { ended.append(row.settlement.proof) }
        }
        guard !ended.isEmpty else { return }
        let forget = Request(StuckSQL.forget, ClaimProof.arrays(ended))
        try await reach(to: "forget tasks that have ended") { session throws(PostgreSQLFailure) in
            _ = try session.exchange([forget])
        }
    }

    /// Does what follows on the end of some of these rows, and ends the transaction.
    private func conclude(
        _ rows: [Abandoned],
        free: [Abandoned],
        and removed: [RemovedEqual] = [],
        _ request: RecoverRequest,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) {
        let limit = SessionSettings.maintenanceLimit
        try session.exchange(Abandoned.letGo(free, and: removed, after: ends(rows, request)), within: limit)
        let batches = free.compactMap(\.batch) + removed.compactMap(\.batch)
        try BatchEnds(batches: batches).note(now: request.now, in: session)
        try session.exchange([.commit], within: limit)
    }

    /// The results of rows that became FAILED, and of those that were to be cancelled, which go.
    private func ends(_ rows: [Abandoned], _ request: RecoverRequest) -> [Request] {
        let failed = rows.filter { $0.task.status == .failed }.map(\.task)
        let results = Request(
            ResultSQL.keepFailed,
            [
                SQLText.array(failed.map(\.id)),
                SQLText.array(failed.map { SQLText.seconds(request.retention[$0.name]) }),
                SQLText.moment(request.now),
            ]
        )
        let removal = ResultSQL.removeCancelled(
            rows.filter(\.isCancelled).map { ($0.proof.id, request.retention[$0.task.name]) },
            now: request.now
        )
        return (failed.isEmpty ? [] : [results]) + [removal].compactMap(\.self)
    }

    /// Takes rows over that are locked, where some have equals: of these the newest stays, the others are removed.
    private func takeOverGivingWay(
        _ rows: [Abandoned],
        _ request: RecoverRequest,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> [RecoveredTask] {
        let (limit, back) = (SessionSettings.maintenanceLimit, rows.filter(\.goesBack))
        let keys = Request(
            EqualSQL.keys,
            [SQLText.array(back.map(\.proof.id)), SQLText.array(rows.map(\.lockKey).filter { $0 != nil })]
        )
        let values =
            ClaimProof.arrays(back.map(\.proof)) + [
                SQLText.array(back.map { SQLText.seconds(request.retention[$0.task.name]) }),
                SQLText.moment(request.now),
            ]
        try session.exchange([keys], within: limit)
        // A program may add an equal one at this moment; that cannot go on for ever.
        for _ in 0..<10 {
            do throws(PostgreSQLFailure) {
                let answers = try session.exchange(
                    [
                        .mark, Request(EqualSQL.remove, values), Request(EqualSQL.giveWay, values),
                        Abandoned.takeOver(rows), .keep,
                    ],
                    within: limit
                )
                let gone = Set(answers[EqualSQL.giveWay].map { $0.integer("id") })
                let taken = Set(answers[RecoverSQL.takeOver].map { $0.integer("id") })
                let removed = answers[EqualSQL.remove].map { RemovedEqual($0) }
                let free = rows.filter { gone.contains($0.task.id) || ($0.ends && taken.contains($0.task.id)) }
                let left = rows.filter { !gone.contains($0.task.id) && !taken.contains($0.task.id) }
                let done = rows.filter { taken.contains($0.task.id) }
                try conclude(done, free: free, and: removed, request, in: session)
                for row in left { request.refused(row.task.id, StoreError.skipped) }
                return rows.map(\.task).compactMap { task in
                    gone.contains(task.id) ? task.givingWay : taken.contains(task.id) ? task : nil
                }
            } catch {
                guard error.meetsEqual(in: "tasks_dedupe") else { throw error }
                try session.exchange([.undo, .keep])
            }
        }
        throw PostgreSQLFailure(.locked, message: "equal tasks come and go")
    }

    /// Names of WAITING tasks: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: The names, sorted, at most as many as asked for.
    /// - Throws: What the database reports.
    public func waitingNames(limit: Int) async throws(StoreError) -> [String] {
        guard limit > 0 else { return [] }
        return try await reach(to: "read the waiting tasks") { session throws(PostgreSQLFailure) in
            let request = Request(RecoverSQL.waitingNames, [String(min(limit, Int(Int32.max)))])
            return try session.rows(of: request).map { $0.text("task_name") }
        }
    }
}

/// A task whose handler has ended, and its end as it is to be written.
private struct Stuck: Sendable {
    let settlement: Settlement
    /// Whether its row still carries the claim.
    let isThere: Bool

    init(_ row: PostgreSQLResult.Row) {
        settlement = Settlement(
            ClaimProof(id: row.integer("task_id"), number: row.integer("claim_no")),
            row.bool("is_done") ? .delete : .fail(error: row.text("error")),
            lockKey: row.textIfAny("lock_key"),
            batch: row.textIfAny("batch")
        )
        isThere = row.bool("is_there")
    }
}

/// A row whose run died, and what it becomes.
private struct Abandoned {
    let proof: ClaimProof
    let task: RecoveredTask
    let error: String
    let lockKey: String?
    let batch: String?

    static func takeOver(_ rows: [Abandoned]) -> Request {
        Request(
            RecoverSQL.takeOver,
            ClaimProof.arrays(rows.map(\.proof)) + [
                SQLText.array(rows.map { $0.task.status.rawValue }),
                SQLText.array(rows.map { Int64($0.task.crashes) }),
                SQLText.array(rows.map { $0.error }),
            ]
        )
    }

    /// Lets go of the lock keys of rows that are FAILED or gone.
    ///
    /// Behind their locks these requests are made first.
    static func letGo(_ rows: [Abandoned], and removed: [RemovedEqual], after requests: [Request]) -> [Request] {
        let keyed = rows.filter { $0.lockKey != nil }
        let free = keyed.isEmpty ? [] : [Request(LockSQL.free, ClaimProof.arrays(keyed.map(\.proof)))]
        return LockSQL.letGo(keyed.compactMap(\.lockKey) + removed.compactMap(\.lockKey), after: requests + free)
    }

    /// Whether it becomes WAITING, if only to be removed as it is to be cancelled.
    var goesBack: Bool { task.status == .waiting }

    /// Whether somebody has asked that it be not performed any more.
    let isCancelled: Bool

    /// Whether it holds its lock key no longer: it is FAILED or gone.
    var ends: Bool { isCancelled || task.status == .failed }

    init(_ row: PostgreSQLResult.Row, crashLimit: Int) {
        let owner = row.textIfAny("lease_owner")
        let crashes = Int(min(row.integer("crashes"), Int64(Int32.max) - 1)) + 1
        let leaseEnd = row.textIfAny("lease_end").map { "its lease ended at \($0) UTC" }
        let reason = row.bool("is_owner_dead") ? "its process is gone" : leaseEnd ?? "it left no lease"
        (lockKey, batch) = (row.textIfAny("lock_key"), row.textIfAny("batch"))
        isCancelled = row.bool("is_cancelled")
        proof = ClaimProof(row)
        let now = row.text("found_at")
        task = RecoveredTask(
            id: proof.id,
            name: row.text("task_name"),
            crashes: crashes,
            status: crashes >= crashLimit && !isCancelled ? .failed : .waiting,
            isCancelled: isCancelled
        )
        error = LastError.fit(
            LastError.crash(owner: owner, reason: reason, crashes: crashes, limit: crashLimit, now: now)
        )
    }
}

extension RecoveredTask {
    fileprivate var givingWay: RecoveredTask {
        RecoveredTask(id: id, name: name, crashes: crashes, status: status, gaveWay: true)
    }
}
