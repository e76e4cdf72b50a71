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
            let statement = filter.hasData ? Statements.list : Statements.listWithoutData
            let found = try Row.fetchCursor(
                database.cachedStatement(sql: statement),
                arguments: [
                    "status": filter.status?.rawValue, "name": filter.name, "queue": filter.queue,
                    "limit": filter.limit, "after": filter.after,
                ]
            )
            var rows: [TaskRow] = []
            var bytes = 0
            // One after the other: the next one is not read where there are enough.
            while bytes < filter.bytes ?? .max, let row = try found.next().map(TaskRow.init) {
                rows.append(row)
                bytes += row.data.utf8.count
            }
            return rows
        }
    }

    /// One row.
    public func show(_ id: Int64) async throws(StoreError) -> TaskRow? {
        try await access("cannot read task \(id)") { database in
            try Row.fetchOne(database, sql: Statements.show, arguments: ["id": id]).map(TaskRow.init)
        }
    }

    /// Counts by queue, name and state, and who holds leases; reads the whole table.
    public func summary() async throws(StoreError) -> TableSummary {
        try await access("cannot count tasks") { database in
            let lines = try Row.fetchAll(
                database,
                sql: Statements.counts,
                arguments: ["now": SQLiteTime.text(Date())]
            ).compactMap { row -> TableSummary.Line? in
                guard let status = TaskStatus(rawValue: row.text(2)) else { return nil }
                return .init(
                    queue: row.text(0),
                    name: row.text(1),
                    status: status,
                    count: row[3],
                    due: row[4],
                    oldestDue: row.moment(5)
                )
            }
            let holders = try Row.fetchAll(database, sql: Statements.holders).map { row in
                TableSummary.Holder(owner: row.textIfAny(0), tasks: row[1], firstLeaseEnd: row.moment(2))
            }
            return TableSummary(lines: lines, holders: holders, paused: try database.pausedQueues())
        }
    }

    /// Makes WAITING rows due now.
    public func hasten(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        try await transaction("cannot make tasks due") { database in
            try Int64.fetchAll(
                database,
                sql: Statements.hasten,
                arguments: ["ids": SQLiteJSON.text(ids), "now": SQLiteTime.text(Date())]
            ).sorted()
        }
    }

    /// Removes rows that are not PROCESSING.
    public func delete(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        try await transaction("cannot delete tasks") { database in
            let gone = try Row.fetchAll(
                database,
                sql: Statements.remove,
                arguments: ["ids": SQLiteJSON.text(ids)]
            )
            for key in Set(gone.compactMap { $0.textIfAny(1) }) { try database.promote(key) }
            try database.endBatches(gone.compactMap { $0.textIfAny(2) }, now: Date())
            return gone.map { $0[0] }.sorted()
        }
    }
}

extension Database {
    /// Adds one task; what is nil is left to the column's default.
    func add(_ task: NewTask) throws -> AddedTask {
        // Bound as it is bound here, a text would end at its NUL.
        let texts = [
            task.name, task.data, task.queue, task.token, task.dedupeKey, task.lockKey, task.batch, task.afterBatch,
        ]
        guard !texts.contains(where: { $0?.utf8.contains(0) ?? false }) else {
            throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: "a text contains a NUL character")
        }
        try cachedStatement(sql: Statements.add).execute(arguments: [
            "task_name": task.name, "data": task.data, "queue": task.queue, "priority": task.priority,
            "run_at": SQLiteTime.runAt(task), "max_attempts": task.maxAttempts, "timeout_seconds": task.timeoutSeconds,
            "dedupe_key": task.dedupeKey, "lock_key": task.lockKey, "expires_at": SQLiteTime.expiresAt(task),
            "token": task.token, "batch": task.batch, "after_batch": task.afterBatch,
        ])
        if changesCount == 1 { return AddedTask(id: lastInsertedRowID, name: task.name) }
        let waiting = try Int64.fetchOne(
            cachedStatement(sql: Statements.equal),
            arguments: ["name": task.name, "dedupe_key": task.dedupeKey]
        )
        guard let waiting else { throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: StoreError.notKept) }
        return AddedTask(id: waiting, name: task.name, isNew: false)
    }
}

extension TaskRow {
    /// Reads the columns of `list` and `show`; a moment that is none is shown as the first of 1970.
    init(_ row: Row) {
        let none = Date(timeIntervalSince1970: 0)
        self.init(
            id: row[0],
            name: row.text(1),
            createdAt: row.moment(2) ?? none,
            data: row.text(3),
            status: TaskStatus(rawValue: row.text(4)) ?? .failed,
            queue: row.text(5),
            priority: row.number(6, in: Int64(Int32.min)...Int64(Int32.max)).map { Int($0) } ?? 0,
            runAt: row.moment(7) ?? none,
            attempts: row.count(8),
            maxAttempts: row.limit(9),
            timeoutSeconds: row.limit(10),
            leaseOwner: row.textIfAny(11),
            leaseExpiresAt: row.moment(12),
            claimNumber: row.number(13, in: 0...Int64.max) ?? 0,
            crashes: row.count(14),
            lastError: row.textIfAny(15),
            dedupeKey: row.textIfAny(16),
            lockKey: row.textIfAny(17),
            lockPlace: row.count(18),
            expiresAt: row.moment(19),
            token: row.textIfAny(20),
            progressDone: row.number(21, in: 0...Int64.max),
            progressTotal: row.number(22, in: 0...Int64.max),
            progressNote: row.textIfAny(23),
            cancelRequestedAt: row.moment(24),
            batch: row.textIfAny(25),
            afterBatch: row.textIfAny(26),
            postponed: row.count(27)
        )
    }
}
