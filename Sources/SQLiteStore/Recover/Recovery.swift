import Foundation
import GRDB
import TaskRun

/// Recovers the tasks of dead runs, at most 1,000 rows, usually in one transaction.
///
/// Without such rows it takes no write lock. If the database refuses one of them, each gets a transaction of its own.
struct Recovery: Sendable {
    let store: SQLiteStore
    let request: RecoverRequest

    private var now: Date { request.now ?? Date() }

    func recover() async throws(StoreError) -> [RecoveredTask] {
        try await endStuck()
        let owners = try await store.access("cannot look for dead runs") { try $0.rows(Statements.owners) }
        // Outside of any transaction: finding out may take a moment.
        var dead: [String] = []
        for owner in owners where await request.isDead(owner) { dead.append(owner) }
        let runs = owners.filter { RunIdentity(text: $0) != nil }
        let abandoned = AbandonedRows(
            request: request,
            dead: dead.json,
            runs: runs.json,
            keeper: store.memory.history
        )
        let isAny = try await store.access("cannot look for abandoned tasks") {
            try $0.finds(Statements.abandoned, abandoned.arguments(now))
        }
        let isFar = try await store.access("cannot look for leases") {
            try $0.finds(Statements.far, abandoned.far(now))
        }
        guard isAny || isFar else { return [] }
        do {
            return try await store.transaction("cannot take over abandoned tasks", isAboutRows: true) { database in
                guard try Schema(database: database).newerVersion() == nil else { return [] }
                let now = now
                if isFar { try abandoned.endFarLeases(in: database, now: now) }
                return try abandoned.takeOver(in: database, now: now)
            }
        } catch  where error.code == .refused {
            if isFar { try await endFarLeasesOneByOne(abandoned) }
            return try await takeOverOneByOne(abandoned)
        }
    }

    /// Writes the ends of tasks that the database refused before, if it accepts them now.
    private func endStuck() async throws(StoreError) {
        let subject = "cannot look for tasks that have ended"
        let stuck = try await store.access(subject) { try StuckTasks(database: $0).some() }
        for task in stuck {
            let proof = task.settlement.proof
            let result = task.isThere ? try? await store.settle([task.settlement]).first : .settled
            guard let result, result != .untouched else { continue }
            try await store.transaction("cannot forget that task \(proof.id) has ended") {
                try StuckTasks(database: $0).forget(proof)
            }
        }
    }

    private func endFarLeasesOneByOne(_ abandoned: AbandonedRows) async throws(StoreError) {
        let ids = try await store.access("cannot look for leases") { try $0.rows(Statements.far, abandoned.far(now)) }
        _ = try await oneByOne(ids, "cannot end the lease of task") { id, database in
            try abandoned.endFarLeases(of: id, in: database, now: now)
        }
    }

    private func takeOverOneByOne(_ abandoned: AbandonedRows) async throws(StoreError) -> [RecoveredTask] {
        let ids = try await store.access("cannot look for abandoned tasks") {
            try $0.rows(Statements.abandoned, abandoned.arguments(now)).map(\.proof.id)
        }
        return try await oneByOne(ids.newestFirst(\.self), "cannot take over task") { id, database in
            try abandoned.takeOver(id, in: database, now: now)
        }.flatMap(\.self).sorted { $0.id < $1.id }
    }

    private func oneByOne<Value: Sendable>(
        _ ids: [Int64],
        _ subject: String,
        _ body: @escaping @Sendable (Int64, Database) throws -> Value
    ) async throws(StoreError) -> [Value] {
        var values: [Value] = []
        for id in ids {
            do {
                values.append(try await store.transaction("\(subject) \(id)", isAboutRows: true) { try body(id, $0) })
            } catch  where error.code == .refused {
                request.refused(id, error.cause)
            }
        }
        return values
    }
}

/// The PROCESSING rows whose runs are dead or whose leases have ended, and how one transaction takes them over.
private struct AbandonedRows: Sendable {
    let request: RecoverRequest
    /// The dead runs, as JSON.
    let dead: String
    /// The owners that are runs, as JSON.
    let runs: String
    let keeper: HistoryKeeper

    func arguments(_ now: Date) -> StatementArguments {
        let leaseAgo = now.addingTimeInterval(-(request.lease / .seconds(1)))
        return ["dead": dead, "now": SQLiteTime.text(now), "lease_ago": SQLiteTime.text(leaseAgo)]
    }

    func far(_ now: Date) -> StatementArguments {
        [
            "runs": runs,
            "now": SQLiteTime.text(now),
            "far_of_run": SQLiteTime.text(now, after: request.unbelievable.ofRun),
            "far_of_other": SQLiteTime.text(now, after: request.unbelievable.ofOther),
        ]
    }

    /// Shortens leases that are longer than any run sets, of one row or of all, to end one lease length from now.
    func endFarLeases(of id: Int64? = nil, in database: Database, now: Date) throws {
        let end: StatementArguments = ["lease_end": SQLiteTime.text(now, after: request.lease), "id": id]
        try database.run(Statements.cut, far(now) + end)
    }

    func takeOver(_ id: Int64? = nil, in database: Database, now: Date) throws -> [RecoveredTask] {
        let rows = try database.rows(Statements.abandoned, arguments(now)).filter { id == nil || $0.proof.id == id }
        let takeovers = rows.map { Takeover($0, crashLimit: request.crashLimit, seen: SQLiteTime.text(now)) }
        var (tasks, batches): ([RecoveredTask], [String]) = ([], [])
        for takeover in takeovers.newestFirst(\.proof.id) {
            let (task, removed) = try perform(takeover, in: database, now: now)
            tasks.append(task)
            batches += [task.hasEnded ? takeover.batch : nil, removed].compactMap(\.self)
        }
        try Batches(database: database).end(batches, now: now)
        return tasks.sorted { $0.id < $1.id }
    }

    /// Takes a row over, and returns the batch of an older equal task that was removed for it.
    private func perform(
        _ takeover: Takeover,
        in database: Database,
        now: Date
    ) throws -> (RecoveredTask, removed: String?) {
        let (id, keep) = (takeover.proof.id, request.retention[takeover.task.name])
        let values: StatementArguments = [
            "id": id, "status": takeover.task.status.rawValue, "crashes": takeover.task.crashes,
            "error": takeover.error,
        ]
        let equals = EqualTasks(database: database, keeper: keeper, keep: keep, now: now)
        let written = try equals.write(id) { try database.run(Statements.takeOver, values) == 1 }
        guard written.result.isWritten else {
            throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: StoreError.skipped)
        }
        let task = takeover.result(gaveWay: written.result == .gaveWay)
        let (history, name) = (History(database: database, keeper: keeper), task.name)
        try history.noteCrash(id, name: name, attempt: takeover.attempt, error: takeover.error, now: now)
        if task.isCancelled {
            let cancellations = Cancellations(database: database, keeper: keeper)
            try cancellations.removeIfCancelled(id, keep: keep, now: now)
        }
        if task.status == .failed {
            try history.noteFailed(id, name: name, .failed, now: now)
            try Results(database: database).keep(Statements.keepFailed, id, for: keep, now: now)
        }
        // A cancelled row that was removed has made the next one of its key claimable.
        if let key = takeover.lockKey, task.hasEnded, !task.isCancelled {
            try database.run(Statements.freeFailed, ["id": id])
            try LockLines(database: database).promote(key, now: now)
        }
        return (task, written.removed)
    }
}

extension AbandonedRow {
    init(_ row: ResultRow) {
        self.init(row, leaseEnd: row.moment("lease_expires_at").map { SQLiteTime.text($0) })
    }
}
