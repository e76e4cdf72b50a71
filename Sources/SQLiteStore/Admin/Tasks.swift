import Foundation
import GRDB
import TaskRun
import Text

/// Adds, lists, retries and deletes tasks within one transaction.
struct Tasks {
    /// How many rows one transaction retries: other programs that write wait for it.
    private static let retryLimit = 10_000

    let database: Database
    var keeper = HistoryKeeper.off

    func add(_ tasks: [NewTask]) throws -> [AddedTask] {
        try tasks.enumerated().map { index, task in
            do {
                return try add(task)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
                let which = tasks.count > 1 ? "task \(index + 1) of \(tasks.count)," : "the task"
                throw StoreError(sqlite: error, "cannot add \(which) \"\(task.name)\"")
            }
        }
    }

    /// Adds one task, whose properties that are nil get the column's default.
    func add(_ task: NewTask) throws -> AddedTask {
        let values = TaskColumn.targets.map { ($0.rawValue, $0.databaseValue(task)) }
        // GRDB binds a text only up to its first NUL.
        guard !values.contains(where: { String.fromDatabaseValue($1)?.utf8.contains(0) ?? false }) else {
            throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: "a text contains a NUL character")
        }
        if try database.run(BuiltSQL.add, StatementArguments(Dictionary(uniqueKeysWithValues: values))) == 1 {
            return AddedTask(id: database.lastInsertedRowID, name: task.name)
        }
        let waiting = try database.first(Statements.equal, ["name": task.name, "dedupe_key": task.dedupeKey])
        guard let waiting else { throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: StoreError.notKept) }
        return AddedTask(id: waiting, name: task.name, isNew: false)
    }

    /// Rows by the filter; each is read alone, so that after enough bytes the next one is not read.
    func list(_ filter: TaskFilter) throws -> [TaskRow] {
        let statement = filter.hasData ? Statements.show : Statements.showWithoutData
        let limit = filter.bytes ?? .max
        var rows: [TaskRow] = []
        var bytes = 0
        for task in try matching(filter.inParts) where bytes < limit {
            guard let row = try database.first(statement, ["id": task.id]) else { continue }
            rows.append(row)
            bytes += row.data.utf8.count
        }
        return rows
    }

    func matching(_ filter: TaskFilter) throws -> [MatchedTask] {
        try TableWalk<any Error>(
            page: { filter, until in try page(filter, until: until) },
            edge: { filter, rows in
                let statement = filter.isLatest ? Statements.edgeLatest : Statements.edge
                return try database.first(statement, ["after": filter.after, "rows": rows])
            },
            next: { filter in
                let values: StatementArguments = [
                    "token": filter.token, "batch": filter.batch, "status": filter.status?.rawValue,
                    "name": filter.name, "after": filter.after,
                ]
                let statement = filter.isLatest ? Statements.nextMatchLatest : Statements.nextMatch
                return try database.first(statement, values) ?? nil
            },
            late: { DatabaseError(resultCode: .SQLITE_INTERRUPT) }
        ).rows(filter)
    }

    /// The rows of a part of the table.
    private func page(_ filter: TaskFilter, until: Int64?) throws -> [MatchedTask] {
        let before = filter.age.map { SQLiteTime.text(Date(timeIntervalSinceNow: -($0 / .seconds(1)))) }
        let values: StatementArguments = [
            "status": filter.status?.rawValue, "name": filter.name, "queue": filter.queue, "batch": filter.batch,
            "lock_key": filter.lockKey, "token": filter.token, "before": before, "path": filter.data?.sqlitePath,
            "value": filter.data?.value, "after": filter.after, "until": until, "limit": max(filter.limit, 0),
        ]
        return try database.rows(filter.isLatest ? Statements.matchingLatest : Statements.matching, values)
    }

    /// FAILED rows that are kept no longer.
    func oldFailed(_ keep: ResultRetention, limit: Int, now: Date = Date()) throws -> [MatchedTask] {
        func day(_ keep: Duration) -> Double { SQLiteTime.julianDay(now) - keep / .seconds(86_400) }
        let own = keep.names.map { "\(JSONText.quote($0.key)):\(day($0.value))" }
        let values: StatementArguments = [
            "since": "{\(own.joined(separator: ","))}", "rest": day(keep.standard), "limit": limit,
        ]
        return try database.rows(Statements.oldFailed, values)
    }

    func summary() throws -> TableSummary {
        let now = SQLiteTime.text(Date())
        let totals = try database.first(Statements.totals, ["most": TableSummary.mostCounted + 1])
        guard let totals else { preconditionFailure("a query without FROM returns a row") }
        let limits = CountLimits(waiting: totals.waiting, failed: totals.failed)
        let most = CountLimits.mostLines
        let lanes: StatementArguments = ["now": now, "lanes": most, "most": limits.ofLane]
        let ofLanes = try database.rows(Statements.countPlain, lanes) + database.rows(Statements.countKeyed, lanes)
        let rest = try database.rows(Statements.countRest, ["now": now, "most": CountLimits.mostFailed])
        let failed = try database.rows(Statements.failedNames, ["most": most]).flatMap { name in
            try database.rows(Statements.countFailedOf, ["name": Data(name), "most": limits.ofFailedName])
        }
        return TableSummary(
            lines: CountedLine.sums(
                ofLanes.map { $0.limited(to: limits.ofLane) } + rest + failed.limitedByName(to: limits.ofFailedName)
            ),
            holders: try database.rows(Statements.holders),
            paused: try Queues(database: database).paused(),
            waiting: totals.waiting,
            failed: totals.failed
        )
    }

    func hasten(_ ids: [Int64]) throws -> [Int64] {
        try database.rows(Statements.hasten, ["ids": ids.json, "now": SQLiteTime.text(Date())]).sorted()
    }

    func delete(_ ids: [Int64]) throws -> [Int64] {
        let gone = try database.rows(Statements.remove, ["ids": ids.json])
        try History(database: database, keeper: keeper).note(gone.map(\.row), .deleted, now: Date())
        for key in Set(gone.compactMap(\.lockKey)) { try LockLines(database: database).promote(key) }
        try Batches(database: database).end(gone.compactMap(\.batch), now: Date())
        return gone.map(\.row.id).sorted()
    }

    /// The next FAILED rows after a number, as many as one transaction retries.
    func nextFailed(after last: Int64, named name: String?) throws -> [Int64] {
        try database.rows(Statements.nextFailed, ["last": last, "name": name, "limit": Self.retryLimit])
    }

    /// Makes the FAILED rows among these WAITING, and returns them and the older equal tasks that waited and gave way.
    func retry(_ ids: [Int64]) throws -> (retried: [Int64], removed: [Int64]) {
        guard !ids.isEmpty else { return ([], []) }
        let now = Date()
        let chosen: StatementArguments = ["ids": ids.json]
        let older = try database.rows(Statements.olderThanFailed, chosen)
        let equals = EqualTasks(database: database, keeper: keeper, keep: ResultRecord.standardKeep, now: now)
        let batches = try older.compactMap { try equals.removeOlder($0) }
        let retried = try database.rows(Statements.sendBack, chosen + ["now": SQLiteTime.text(now)])
        try database.run(Statements.dropResults, ["ids": retried.json])
        try Batches(database: database).end(batches, now: now)
        return (retried.sorted(), older)
    }
}

extension TaskColumn {
    /// The value that a task sets in this column of the table, or NULL for the column's default.
    func databaseValue(_ task: NewTask) -> DatabaseValue {
        let value =
            switch self {
            case .runAt: TaskColumn.delay.value(in: task) ?? value(in: task)
            case .expiresAt: TaskColumn.expiresAfter.value(in: task) ?? value(in: task)
            default: value(in: task)
            }
        return switch value {
        case nil: .null
        case .text(let text): text.databaseValue
        case .integer(let number): number.databaseValue
        case .moment(let date): SQLiteTime.text(date).databaseValue
        case .duration(let duration): SQLiteTime.fromNow(duration).databaseValue
        }
    }
}
