import Foundation
import GRDB
public import TaskRun

extension SQLiteStore {
    /// Adds tasks in one transaction.
    public func addEach(_ tasks: [NewTask]) async throws(StoreError) -> [AddedTask] {
        try await transaction("cannot add tasks") { database in
            try tasks.enumerated().map { index, task in
                do {
                    return try database.add(task)
                } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
                    let which = tasks.count > 1 ? "task \(index + 1) of \(tasks.count)," : "the task"
                    throw StoreError(sqlite: error, "cannot add \(which) \"\(task.name)\"")
                }
            }
        }
    }

    /// Rows by the filter, by number.
    public func list(_ filter: TaskFilter) async throws(StoreError) -> [TaskRow] {
        try await access("cannot list tasks") { database in
            var rows: [TaskRow] = []
            var bytes = 0
            guard filter.bytes ?? .max > 0 else { return rows }
            // One after the other: the next one is not read where there are enough.
            try database.forEachRow(
                filter.hasData ? Statements.list : Statements.listWithoutData,
                [
                    "status": filter.status?.rawValue, "name": filter.name, "queue": filter.queue,
                    "limit": filter.limit, "after": filter.after,
                ]
            ) { row in
                rows.append(row)
                bytes += row.data.utf8.count
                return bytes < filter.bytes ?? .max
            }
            return rows
        }
    }

    /// One row.
    public func show(_ id: Int64) async throws(StoreError) -> TaskRow? {
        try await access("cannot read task \(id)") { try $0.first(Statements.show, ["id": id]) }
    }

    /// Counts by queue, name and state, and who holds leases; reads the whole table.
    public func summary() async throws(StoreError) -> TableSummary {
        try await access("cannot count tasks") { database in
            let lines = try database.rows(Statements.counts, ["now": SQLiteTime.text(Date())]).compactMap(\.self)
            let holders = try database.rows(Statements.holders)
            return TableSummary(lines: lines, holders: holders, paused: try database.pausedQueues())
        }
    }

    /// Makes WAITING rows due now.
    public func hasten(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        try await transaction("cannot make tasks due") { database in
            try database.rows(
                Statements.hasten,
                ["ids": SQLiteJSON.text(ids), "now": SQLiteTime.text(Date())]
            ).sorted()
        }
    }

    /// Removes rows that are not PROCESSING.
    public func delete(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        try await transaction("cannot delete tasks") { database in
            let gone = try database.rows(Statements.remove, ["ids": SQLiteJSON.text(ids)])
            for key in Set(gone.compactMap(\.lockKey)) { try database.promote(key) }
            try database.endBatches(gone.compactMap(\.batch), now: Date())
            return gone.map(\.id).sorted()
        }
    }
}

extension Database {
    /// Adds one task; what is nil is left to the column's default.
    func add(_ task: NewTask) throws -> AddedTask {
        let values = TaskColumn.all.map { ($0.name, $0.value(task)) }
        // Bound as it is bound here, a text would end at its NUL.
        guard !values.contains(where: { String.fromDatabaseValue($1)?.utf8.contains(0) ?? false }) else {
            throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: "a text contains a NUL character")
        }
        if try run(Statements.add, StatementArguments(Dictionary(uniqueKeysWithValues: values))) == 1 {
            return AddedTask(id: lastInsertedRowID, name: task.name)
        }
        let waiting = try first(Statements.equal, ["name": task.name, "dedupe_key": task.dedupeKey])
        guard let waiting else { throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: StoreError.notKept) }
        return AddedTask(id: waiting, name: task.name, isNew: false)
    }
}

/// A column that a new task fills: those of `add` and of the lines of a bulk add.
struct TaskColumn: Sendable {
    let name: String
    /// NULL: what the column's default says.
    let value: @Sendable (NewTask) -> DatabaseValue

    private init(_ name: String, _ value: @escaping @Sendable (NewTask) -> (any DatabaseValueConvertible)?) {
        (self.name, self.value) = (name, { value($0)?.databaseValue ?? .null })
    }

    static let all = [
        TaskColumn("task_name") { $0.name }, TaskColumn("data") { $0.data }, TaskColumn("queue") { $0.queue },
        TaskColumn("priority") { $0.priority }, TaskColumn("run_at") { SQLiteTime.runAt($0) },
        TaskColumn("max_attempts") { $0.maxAttempts }, TaskColumn("timeout_seconds") { $0.timeoutSeconds },
        TaskColumn("dedupe_key") { $0.dedupeKey }, TaskColumn("lock_key") { $0.lockKey },
        TaskColumn("expires_at") { SQLiteTime.expiresAt($0) }, TaskColumn("token") { $0.token },
        TaskColumn("batch") { $0.batch }, TaskColumn("after_batch") { $0.afterBatch },
    ]
}

/// A task that was removed by hand.
struct RemovedTask {
    let id: Int64
    let lockKey: String?
    let batch: String?

    static func reader(_ columns: Columns) -> (ResultRow) -> RemovedTask {
        let (id, key, batch) = (columns["id"], columns["lock_key"], columns["batch"])
        return { row in
            RemovedTask(id: row.integer(id), lockKey: row.textIfAny(key), batch: row.textIfAny(batch))
        }
    }
}

extension TableSummary.Line {
    /// Nil for a state that is none.
    static func reader(_ columns: Columns) -> (ResultRow) -> Self? {
        let (queue, name, status) = (columns["queue"], columns["task_name"], columns["status"])
        let (number, due, oldest) = (columns["number"], columns["due"], columns["oldest_due"])
        return { row in
            guard let status = TaskStatus(rawValue: row.text(status)) else { return nil }
            return Self(
                queue: row.text(queue),
                name: row.text(name),
                status: status,
                count: Int(row.integer(number)),
                due: Int(row.integer(due)),
                oldestDue: row.moment(oldest)
            )
        }
    }
}

extension TableSummary.Holder {
    static func reader(_ columns: Columns) -> (ResultRow) -> Self {
        let (owner, number, end) = (columns["lease_owner"], columns["number"], columns["first_lease_end"])
        return { row in
            Self(owner: row.textIfAny(owner), tasks: Int(row.integer(number)), firstLeaseEnd: row.moment(end))
        }
    }
}

extension TaskRow {
    /// A moment that is none is shown as the first of 1970.
    static func reader(_ columns: Columns) -> (ResultRow) -> TaskRow {
        let (id, name, created, data) = (columns["id"], columns["task_name"], columns["created_at"], columns["data"])
        let (status, queue, priority) = (columns["status"], columns["queue"], columns["priority"])
        let (runAt, attempts) = (columns["run_at"], columns["attempts"])
        let (most, timeout) = (columns["max_attempts"], columns["timeout_seconds"])
        let (owner, leaseEnd) = (columns["lease_owner"], columns["lease_expires_at"])
        let (number, crashes, error) = (columns["claim_no"], columns["crashes"], columns["last_error"])
        let (dedupe, lock, place) = (columns["dedupe_key"], columns["lock_key"], columns["lock_place"])
        let (expires, token) = (columns["expires_at"], columns["token"])
        let (done, total, note) = (columns["progress_done"], columns["progress_total"], columns["progress_note"])
        let (cancelled, batch) = (columns["cancel_requested_at"], columns["batch"])
        let (afterBatch, postponed) = (columns["after_batch"], columns["postponed"])
        let none = Date(timeIntervalSince1970: 0)
        return { row in
            TaskRow(
                id: row.integer(id),
                name: row.text(name),
                createdAt: row.moment(created) ?? none,
                data: row.text(data),
                status: TaskStatus(rawValue: row.text(status)) ?? .failed,
                queue: row.text(queue),
                priority: row.number(priority, in: Int64(Int32.min)...Int64(Int32.max)).map { Int($0) } ?? 0,
                runAt: row.moment(runAt) ?? none,
                attempts: row.count(attempts),
                maxAttempts: row.limit(most),
                timeoutSeconds: row.limit(timeout),
                leaseOwner: row.textIfAny(owner),
                leaseExpiresAt: row.moment(leaseEnd),
                claimNumber: row.natural(number),
                crashes: row.count(crashes),
                lastError: row.textIfAny(error),
                dedupeKey: row.textIfAny(dedupe),
                lockKey: row.textIfAny(lock),
                lockPlace: row.count(place),
                expiresAt: row.moment(expires),
                token: row.textIfAny(token),
                progressDone: row.number(done, in: 0...Int64.max),
                progressTotal: row.number(total, in: 0...Int64.max),
                progressNote: row.textIfAny(note),
                cancelRequestedAt: row.moment(cancelled),
                batch: row.textIfAny(batch),
                afterBatch: row.textIfAny(afterBatch),
                postponed: row.count(postponed)
            )
        }
    }
}
