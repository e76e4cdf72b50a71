public import TaskRun

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension PostgreSQLStore {
    /// How many rows one transaction of ``retry(_:)`` sends back: no lock is held for long.
    private static let retryLimit = 10_000

    /// Adds tasks in one transaction: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: Their numbers, in order.
    /// - Throws: ``TaskRun/StoreError/Code/refused`` for a value that the table does not take; nothing was added then.
    public func addEach(_ tasks: [NewTask]) async throws(StoreError) -> [AddedTask] {
        guard !tasks.isEmpty else { return [] }
        let insertion = TaskInsertion(tasks)
        return try await reach(to: "add tasks") { session throws(PostgreSQLFailure) in
            try session.exchange([.begin, SessionSettings.tolerance])
            var added: [AddedTask] = []
            for step in insertion.steps { added += try add(step, in: session) }
            try session.exchange([.commit])
            return added
        }
    }

    private func add(
        _ step: TaskInsertion.Step,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> [AddedTask] {
        // An equal one that waits may be claimed before it is looked at; that cannot go on for ever.
        for _ in 0..<10 {
            let rows = try session.exchange([step.request])[0].rows
            guard rows.isEmpty, let task = step.tasks.first, let key = task.dedupeKey else {
                return zip(rows, step.tasks).map { AddedTask(id: $0.integer(0), name: $1.name) }
            }
            if let equal = try session.exchange([Request(DeskSQL.equal, [task.name, key])])[0].rows.first {
                return [AddedTask(id: equal.integer(0), name: task.name, isNew: false)]
            }
        }
        throw PostgreSQLFailure(.locked, message: "equal tasks come and go")
    }

    /// Adds tasks as a source gives them: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: Whether they were added.
    /// - Throws: What the database reports; nothing was added then.
    public func add(from source: any TaskSource) async throws(StoreError) -> Bool {
        let subject = subject("add tasks")
        return try await reach(to: "add tasks") { session throws(PostgreSQLFailure) in
            try BulkInsertion(session, source, subject: subject).run()
        }
    }

    /// Rows by the filter, by number: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: The rows, smallest number first.
    /// - Throws: What the database reports.
    public func list(_ filter: TaskFilter) async throws(StoreError) -> [TaskRow] {
        var conditions: [String] = []
        var values: [String?] = []
        for (column, value) in [
            ("status", filter.status?.rawValue), ("task_name", filter.name), ("queue", filter.queue),
        ] where value != nil {
            values.append(value)
            conditions.append("\(column) = $\(values.count)")
        }
        if filter.after > .min { conditions.append("id > \(filter.after)") }
        let rows = """
            FROM ONLY tasks
            \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
            ORDER BY id
            LIMIT \(max(filter.limit, 0))
            """
        let plain = "SELECT \(filter.hasData ? DeskSQL.columns : DeskSQL.columnsWithoutData) \(rows)"
        let bounded = filter.bytes.map { bytes in
            // The size is known without reading the payload itself.
            """
            SELECT \(DeskSQL.columns)
            FROM ONLY tasks
            WHERE id IN (
                SELECT id
                FROM (
                    SELECT id, sum(size) OVER (ORDER BY id) - size AS before
                    FROM (SELECT id, pg_catalog.pg_column_size(data) AS size \(rows)) AS sizes
                ) AS sums
                WHERE before < \(bytes)
            )
            ORDER BY id
            """
        }
        let request = Request(Statement(once: filter.hasData ? bounded ?? plain : plain), values)
        return try await reach(to: "list tasks") { session throws(PostgreSQLFailure) in
            let answers = try session.exchange(
                [.begin, SessionSettings.maintenance, request, .commit],
                within: SessionSettings.maintenanceLimit
            )
            return answers[2].rows.map { TaskRow($0) }
        }
    }

    /// One row: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: The row; nil where there is none.
    /// - Throws: What the database reports.
    public func show(_ id: Int64) async throws(StoreError) -> TaskRow? {
        try await reach(to: "read task \(id)") { session throws(PostgreSQLFailure) in
            try session.exchange([Request(DeskSQL.show, [String(id)])])[0].rows.first.map { TaskRow($0) }
        }
    }

    /// Counts by queue, name and state, and who holds leases: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: The numbers, all of one moment.
    /// - Throws: What the database reports.
    public func summary() async throws(StoreError) -> TableSummary {
        try await reach(to: "count tasks") { session throws(PostgreSQLFailure) in
            let answers = try session.exchange(
                [
                    .beginSnapshot, SessionSettings.maintenance, Request(DeskSQL.lines), Request(DeskSQL.holders),
                    Request(HorizonSQL.holder), Request(DeskSQL.paused), .commit,
                ],
                within: SessionSettings.maintenanceLimit
            )
            return TableSummary(
                lines: answers[2].rows.map { row in
                    TableSummary.Line(
                        queue: row.text(0),
                        name: row.text(1),
                        status: TaskStatus(row.text(2)),
                        count: Int(row.integer(3)),
                        due: Int(row.integer(4)),
                        oldestDue: row.integerIfAny(5).map { Date(microseconds: $0) }
                    )
                },
                holders: answers[3].rows.map { row in
                    TableSummary.Holder(
                        owner: row.textIfAny(0),
                        tasks: Int(row.integer(1)),
                        firstLeaseEnd: row.integerIfAny(2).map { Date(microseconds: $0) }
                    )
                },
                horizonHolder: answers[4].rows.first.map { HorizonHolder($0) },
                paused: answers[5].rows.map { PausedQueue($0) }
            )
        }
    }

    /// Sends FAILED rows back to WAITING: see ``TaskRun/TaskDesk``.
    ///
    /// By name or all, this takes a transaction for each 10,000 rows, so an error may come after a part was sent back.
    ///
    /// - Returns: The numbers of those sent back, smallest first.
    /// - Throws: What the database reports.
    public func retry(_ selection: FailedSelection) async throws(StoreError) -> [Int64] {
        switch selection {
        case .ids(let ids):
            return try await retry(Request(DeskSQL.retryThese, [SQLText.array(ids)])).sentBack
        case .name(let name): return try await retryAll(named: name)
        case .all: return try await retryAll(named: nil)
        }
    }

    private func retryAll(named name: String?) async throws(StoreError) -> [Int64] {
        var ids: [Int64] = []
        var last = Int64.min
        while true {
            let part = try await retry(Request(DeskSQL.retryNext, [String(last), name, String(Self.retryLimit)]))
            guard let end = part.seen.last else { return ids }
            ids += part.sentBack
            last = end
        }
    }

    /// FAILED rows that were looked at, and those of them that were sent back, smallest number first.
    private typealias Part = (seen: [Int64], sentBack: [Int64])

    /// Sends rows back; again where an equal one was added at the same moment.
    private func retry(_ request: Request) async throws(StoreError) -> Part {
        try await reach(to: "send tasks back") { session throws(PostgreSQLFailure) in
            for _ in 0..<10 {
                do throws(PostgreSQLFailure) {
                    return try retry(request, in: session)
                } catch {
                    guard error.state == PostgreSQLFailure.uniqueViolation else { throw error }
                    try session.exchange([.rollback])
                }
            }
            throw PostgreSQLFailure(.locked, message: "equal tasks come and go")
        }
    }

    private func retry(_ request: Request, in session: PostgreSQLSession) throws(PostgreSQLFailure) -> Part {
        let limit = SessionSettings.maintenanceLimit
        let seen = try session.exchange([.begin, SessionSettings.insistence, request], within: limit)[2].rows.map {
            $0.integer(0)
        }
        guard !seen.isEmpty else {
            try session.exchange([.rollback])
            return ([], [])
        }
        let ids = SQLText.array(seen)
        let keep = SQLText.array(seen.map { _ in SQLText.seconds(ResultRecord.standardKeep) })
        let answers = try session.exchange(
            [
                Request(EqualSQL.lock, [ids]), Request(EqualSQL.keys, [ids, "{}"]),
                Request(EqualSQL.removeForFailed, [ids, ids, keep, nil]), Request(DeskSQL.retry, [ids]),
            ],
            within: limit
        )
        let removed = RemovedEqual.all(answers[2])
        let tokens = answers[3].rows.compactMap { $0.textIfAny(1) }
        let drop = tokens.isEmpty ? [] : [Request(DeskSQL.dropResults, [SQLText.array(tokens)])]
        try session.exchange(LockSQL.letGo(removed.compactMap(\.lockKey), after: drop), within: limit)
        try BatchEnds(batches: removed.compactMap(\.batch)).note(now: nil, in: session)
        try session.exchange([.commit], within: limit)
        return (seen, answers[3].rows.map { $0.integer(0) }.sorted())
    }

    /// Makes WAITING rows due now: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: The numbers of those that are due now, smallest first.
    /// - Throws: What the database reports.
    public func hasten(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        let request = Request(DeskSQL.hasten, [SQLText.array(ids)])
        return try await reach(to: "make tasks due") { session throws(PostgreSQLFailure) in
            let requests = [.begin, SessionSettings.insistence, request, .commit]
            let answers = try session.exchange(requests, within: SessionSettings.maintenanceLimit)
            return answers[2].rows.map { $0.integer(0) }.sorted()
        }
    }

    /// Removes rows that are not PROCESSING: see ``TaskRun/TaskDesk``.
    ///
    /// The lock keys are locked before the rows: a run may be about to lead the line of one on to such a row.
    ///
    /// - Returns: The numbers of those removed, smallest first.
    /// - Throws: What the database reports.
    public func delete(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        let ids = [SQLText.array(ids)]
        return try await reach(to: "delete tasks") { session throws(PostgreSQLFailure) in
            let keys = try session.exchange([Request(DeskSQL.lockKeys, ids)])[0].rows.map { $0.text(0) }
            let opening =
                [.begin, SessionSettings.insistence] + LockSQL.letGo(keys, after: [Request(DeskSQL.delete, ids)])
            let answers = try session.exchange(opening, within: SessionSettings.maintenanceLimit)
            let gone = answers[keys.isEmpty ? 2 : 3].rows
            try BatchEnds(batches: gone.compactMap { $0.textIfAny(1) }).note(now: nil, in: session)
            try session.exchange([.commit])
            return gone.map { $0.integer(0) }.sorted()
        }
    }
}

extension TaskRow {
    /// Reads a row of ``DeskSQL/columns``.
    init(_ row: PostgreSQLResult.Row) {
        self.init(
            id: row.integer(0),
            name: row.text(1),
            createdAt: Date(microseconds: row.integer(2)),
            data: row.text(3),
            status: TaskStatus(row.text(4)),
            queue: row.text(5),
            priority: Int(row.integer(6)),
            runAt: Date(microseconds: row.integer(7)),
            attempts: Int(row.integer(8)),
            maxAttempts: row.integerIfAny(9).map { Int($0) },
            timeoutSeconds: row.integerIfAny(10).map { Int($0) },
            leaseOwner: row.textIfAny(11),
            leaseExpiresAt: row.integerIfAny(12).map { Date(microseconds: $0) },
            claimNumber: row.integer(13),
            crashes: Int(row.integer(14)),
            lastError: row.textIfAny(15),
            dedupeKey: row.textIfAny(16),
            lockKey: row.textIfAny(17),
            lockPlace: Int(row.integer(18)),
            expiresAt: row.integerIfAny(19).map { Date(microseconds: $0) },
            token: row.textIfAny(20),
            progressDone: row.integerIfAny(21),
            progressTotal: row.integerIfAny(22),
            progressNote: row.textIfAny(23),
            cancelRequestedAt: row.integerIfAny(24).map { Date(microseconds: $0) },
            batch: row.textIfAny(25),
            afterBatch: row.textIfAny(26),
            postponed: Int(clamping: row.integer(27))
        )
    }
}

extension TaskStatus {
    /// Reads the column `status`, which a constraint keeps to the three words.
    fileprivate init(_ text: String) {
        guard let status = TaskStatus(rawValue: text) else {
            preconditionFailure("the column status has a word that its constraint forbids")
        }
        self = status
    }
}

extension Date {
    /// A moment from the database.
    init(microseconds: Int64) { self.init(timeIntervalSince1970: Double(microseconds) / 1_000_000) }
}
