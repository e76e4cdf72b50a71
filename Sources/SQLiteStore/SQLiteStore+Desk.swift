import Foundation
import GRDB
public import TaskRun

extension SQLiteStore {
    /// Adds tasks in one transaction.
    public func add(_ tasks: [NewTask]) async throws(StoreError) -> [Int64] {
        try await transaction("cannot add tasks") { database in
            try tasks.enumerated().map { index, task in
                do {
                    return try database.add(task)
                } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
                    let which = tasks.count > 1 ? "task \(index + 1) of \(tasks.count)" : "the task"
                    throw StoreError(sqlite: error, "cannot add \(which), \"\(task.name)\",")
                }
            }
        }
    }

    /// Rows by the filter, by number.
    public func list(_ filter: TaskFilter) async throws(StoreError) -> [TaskRow] {
        try await access("cannot list tasks") { database in
            try Row.fetchAll(
                database.cachedStatement(sql: SQLiteDeskStatements.list),
                arguments: [
                    "status": filter.status?.rawValue, "name": filter.name, "queue": filter.queue,
                    "limit": filter.limit,
                ]
            ).map(TaskRow.init)
        }
    }

    /// One row.
    public func show(_ id: Int64) async throws(StoreError) -> TaskRow? {
        try await access("cannot read task \(id)") { database in
            try Row.fetchOne(database, sql: SQLiteDeskStatements.show, arguments: ["id": id]).map(TaskRow.init)
        }
    }

    /// Counts by queue, name and state, and who holds leases; reads the whole table.
    public func summary() async throws(StoreError) -> TableSummary {
        try await access("cannot count tasks") { database in
            let lines = try Row.fetchAll(
                database,
                sql: SQLiteDeskStatements.counts,
                arguments: ["now": SQLiteTime.text(Date())]
            ).compactMap { row -> TableSummary.Line? in
                guard let status = TaskStatus(rawValue: row[2]) else { return nil }
                let oldest = (row[5] as Double?).map(SQLiteTime.date)
                return .init(queue: row[0], name: row[1], status: status, count: row[3], due: row[4], oldestDue: oldest)
            }
            let holders = try Row.fetchAll(database, sql: SQLiteDeskStatements.holders).map { row in
                TableSummary.Holder(
                    owner: row[0],
                    tasks: row[1],
                    firstLeaseEnd: (row[2] as Double?).map(SQLiteTime.date)
                )
            }
            return TableSummary(lines: lines, holders: holders)
        }
    }

    /// Sends FAILED rows back to WAITING.
    public func retry(_ selection: FailedSelection) async throws(StoreError) -> [Int64] {
        let (ids, name): ([Int64]?, String?) =
            switch selection {
            case .ids(let ids): (ids, nil)
            case .name(let name): (nil, name)
            case .all: (nil, nil)
            }
        return try await transaction("cannot send tasks back") { database in
            try Int64.fetchAll(
                database,
                sql: SQLiteDeskStatements.retry,
                arguments: ["ids": ids.map(SQLiteJSON.text), "name": name, "now": SQLiteTime.text(Date())]
            ).sorted()
        }
    }

    /// Removes rows that are not PROCESSING.
    public func delete(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        try await transaction("cannot delete tasks") { database in
            try Int64.fetchAll(
                database,
                sql: SQLiteDeskStatements.delete,
                arguments: ["ids": SQLiteJSON.text(ids)]
            ).sorted()
        }
    }
}

extension Database {
    /// Adds one task; what is nil is left to the column's default.
    fileprivate func add(_ task: NewTask) throws -> Int64 {
        let runAt = task.delay.map { SQLiteTime.text(Date(), after: $0) } ?? task.runAt.map { SQLiteTime.text($0) }
        try cachedStatement(sql: SQLiteDeskStatements.add).execute(arguments: [
            "name": task.name, "data": task.data, "queue": task.queue, "priority": task.priority, "run_at": runAt,
            "max_attempts": task.maxAttempts, "timeout_seconds": task.timeoutSeconds,
        ])
        return lastInsertedRowID
    }
}

extension TaskRow {
    /// Reads the columns of `list` and `show`.
    fileprivate init(_ row: Row) {
        let data: Data = row[3]
        self.init(
            id: row[0],
            name: row[1],
            createdAt: SQLiteTime.date(julianDay: row[2]),
            data: String(decoding: data, as: UTF8.self),
            status: TaskStatus(rawValue: row[4]) ?? .failed,
            queue: row[5],
            priority: row[6],
            runAt: SQLiteTime.date(julianDay: row[7]),
            attempts: row[8],
            maxAttempts: row[9],
            timeoutSeconds: row[10],
            leaseOwner: row[11],
            leaseExpiresAt: (row[12] as Double?).map(SQLiteTime.date),
            claimNumber: row[13],
            crashes: row[14],
            lastError: row[15]
        )
    }
}
