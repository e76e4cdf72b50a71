public import TaskRun

extension PostgreSQLStore {
    /// The most rows that one call takes over.
    private static let recoverLimit = 1000

    /// Takes over what dead runs left behind: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: What was taken over, at most 1,000 rows.
    /// - Throws: What the database reports.
    public func recover(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask] {
        try await takingFewer { () async throws(StoreError) in try await recoverOnce(request) }
    }

    private func recoverOnce(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask] {
        let owners = try await reach(to: "recover tasks") { session throws(PostgreSQLFailure) in
            try session.exchange([Request(RecoverSQL.owners)])[0].rows.map { $0.text(0) }
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
            let cut = Request(
                RecoverSQL.cut,
                [
                    SQLText.array(runs), SQLText.seconds(request.lease), SQLText.seconds(far.ofRun),
                    SQLText.seconds(far.ofOther), SQLText.moment(request.now),
                ]
            )
            let found = try session.exchange([.begin, SessionSettings.patience, cut, look], within: limit)[3].rows
            guard !found.isEmpty else {
                try session.exchange([.commit])
                return []
            }
            let rows = found.map { Abandoned($0, crashLimit: request.crashLimit) }
            let update = Abandoned.takeOver(rows)
            do throws(PostgreSQLFailure) {
                let taken = Set(try session.exchange([.mark, update], within: limit)[1].rows.map { $0.integer(0) })
                try conclude(rows, free: rows.filter(\.ends), request, in: session)
                return rows.map(\.task).filter { taken.contains($0.id) }
            } catch {
                guard error.state == PostgreSQLFailure.uniqueViolation else { throw error }
                try session.exchange([.undo])
                return try takeOverGivingWay(rows, request, in: session)
            }
        }
    }

    /// Does what follows on the end of some of these rows, and ends the transaction.
    private func conclude(
        _ rows: [Abandoned],
        free: [Abandoned],
        _ request: RecoverRequest,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) {
        let limit = SessionSettings.maintenanceLimit
        try session.exchange(Abandoned.letGo(free, after: ends(rows, request)), within: limit)
        try BatchEnds(batches: free.compactMap(\.batch)).note(now: request.now, in: session)
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

    /// Takes locked rows over one by one, the newest first; each that meets an equal one gives way.
    private func takeOverGivingWay(
        _ rows: [Abandoned],
        _ request: RecoverRequest,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> [RecoveredTask] {
        var (taken, free): ([RecoveredTask], [Abandoned]) = ([], [])
        for row in rows.sorted(by: { $0.task.id > $1.task.id }) {
            do throws(PostgreSQLFailure) {
                let answers = try session.exchange([.mark, Abandoned.takeOver([row]), .keep])
                guard !answers[1].rows.isEmpty else { continue }
                taken.append(row.task)
                if row.ends { free.append(row) }
            } catch {
                guard error.state == PostgreSQLFailure.uniqueViolation else { throw error }
                let keep = SQLText.seconds(request.retention[row.task.name])
                let way = Request(
                    SettleSQL.giveWay,
                    ClaimProof.arrays([row.proof]) + [keep, SQLText.moment(request.now)]
                )
                // Where the equal one was claimed meanwhile, the next run takes this one over.
                guard try !session.exchange([.undo, .keep, way])[2].rows.isEmpty else { continue }
                taken.append(row.task.givingWay)
                free.append(row)
            }
        }
        try conclude(rows, free: free, request, in: session)
        return taken.sorted { $0.id < $1.id }
    }

    /// Names of WAITING tasks: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: The names, sorted, at most as many as asked for.
    /// - Throws: What the database reports.
    public func waitingNames(limit: Int) async throws(StoreError) -> [String] {
        guard limit > 0 else { return [] }
        return try await reach(to: "read the waiting tasks") { session throws(PostgreSQLFailure) in
            let request = Request(RecoverSQL.waitingNames, [String(min(limit, Int(Int32.max)))])
            return try session.exchange([request])[0].rows.map { $0.text(0) }
        }
    }
}

/// A row whose run died, and what it becomes.
private struct Abandoned {
    let proof: ClaimProof
    let task: RecoveredTask
    let error: String
    private let lockKey: String?
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
    static func letGo(_ rows: [Abandoned], after requests: [Request]) -> [Request] {
        let keyed = rows.filter { $0.lockKey != nil }
        guard !keyed.isEmpty else { return requests }
        let free = Request(LockSQL.free, ClaimProof.arrays(keyed.map(\.proof)))
        return LockSQL.letGo(keyed.compactMap(\.lockKey), after: requests + [free])
    }

    /// Whether somebody has asked that it be not performed any more.
    let isCancelled: Bool

    /// Whether it holds its lock key no longer: it is FAILED or gone.
    var ends: Bool { isCancelled || task.status == .failed }

    init(_ row: PostgreSQLResult.Row, crashLimit: Int) {
        let owner = row.textIfAny(3)
        let crashes = Int(min(row.integer(4), Int64(Int32.max) - 1)) + 1
        let leaseEnd = row.textIfAny(6)
        let reason =
            row.bool(5) ? "its process is gone" : leaseEnd.map { "its lease ended at \($0) UTC" } ?? "it left no lease"
        (lockKey, batch) = (row.textIfAny(8), row.textIfAny(10))
        isCancelled = row.bool(9)
        proof = ClaimProof(id: row.integer(0), number: row.integer(1))
        task = RecoveredTask(
            id: proof.id,
            name: row.text(2),
            crashes: crashes,
            status: crashes >= crashLimit && !isCancelled ? .failed : .waiting,
            isCancelled: isCancelled
        )
        error = LastError.fit(
            LastError.crash(owner: owner, reason: reason, crashes: crashes, limit: crashLimit, now: row.text(7))
        )
    }
}

extension RecoveredTask {
    fileprivate var givingWay: RecoveredTask {
        RecoveredTask(id: id, name: name, crashes: crashes, status: status, gaveWay: true)
    }
}
