import Platform
public import TaskRun

extension PostgreSQLStore {
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
            let rows = try session.rows(of: step.request)
            guard rows.isEmpty, let task = step.tasks.first, let key = task.dedupeKey else {
                guard rows.count == step.tasks.count else { throw .notKept }
                return zip(rows, step.tasks).map { AddedTask(id: $0.integer("id"), name: $1.name) }
            }
            if let equal = try session.rows(of: Request(DeskSQL.equal, [task.name, key])).first {
                return [AddedTask(id: equal.integer("id"), name: task.name, isNew: false)]
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
        let rows = [
            filter.status?.rawValue, filter.name, filter.queue, filter.after > .min ? String(filter.after) : nil,
            String(max(filter.limit, 0)),
        ]
        let request =
            if let bytes = filter.bytes, filter.hasData {
                Request(DeskSQL.listWithinBytes, rows + [String(bytes)])
            } else {
                Request(DeskSQL.list, rows + [filter.hasData ? "t" : "f"])
            }
        return try await reach(to: "list tasks") { session throws(PostgreSQLFailure) in
            let answers = try session.exchange(
                [.begin, SessionSettings.maintenance, request, .commit],
                within: SessionSettings.maintenanceLimit
            )
            return answers[request.statement].map { TaskRow($0) }
        }
    }

    /// One row: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: The row; nil where there is none.
    /// - Throws: What the database reports.
    public func show(_ id: Int64) async throws(StoreError) -> TaskRow? {
        try await reach(to: "read task \(id)") { session throws(PostgreSQLFailure) in
            try session.rows(of: Request(DeskSQL.show, [String(id)])).first.map { TaskRow($0) }
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
                    Request(CheckSQL.horizonHolder), Request(DeskSQL.paused), .commit,
                ],
                within: SessionSettings.maintenanceLimit
            )
            return TableSummary(
                lines: answers[DeskSQL.lines].map { row in
                    TableSummary.Line(
                        queue: row.text("queue"),
                        name: row.text("task_name"),
                        status: row.status("status"),
                        count: Int(row.integer("tasks")),
                        due: Int(row.integer("due")),
                        oldestDue: row.dateIfAny("oldest_due")
                    )
                },
                holders: answers[DeskSQL.holders].map { row in
                    TableSummary.Holder(
                        owner: row.textIfAny("lease_owner"),
                        tasks: Int(row.integer("tasks")),
                        firstLeaseEnd: row.dateIfAny("first_lease_end")
                    )
                },
                horizonHolder: answers[CheckSQL.horizonHolder].first.map { HorizonHolder($0) },
                paused: answers[DeskSQL.paused].map { PausedQueue($0) }
            )
        }
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
            return answers[DeskSQL.hasten].map { $0.integer("id") }.sorted()
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
            let keys = try session.rows(of: Request(DeskSQL.lockKeys, ids)).map { $0.text("lock_key") }
            let opening =
                [.begin, SessionSettings.insistence] + LockSQL.letGo(keys, after: [Request(DeskSQL.delete, ids)])
            let answers = try session.exchange(opening, within: SessionSettings.maintenanceLimit)
            let gone = answers[DeskSQL.delete]
            try BatchEnds(batches: gone.compactMap { $0.textIfAny("batch") }).note(now: nil, in: session)
            try session.exchange([.commit])
            return gone.map { $0.integer("id") }.sorted()
        }
    }
}

extension TaskRow {
    /// Reads a row of `show.sql` and the like.
    init(_ row: PostgreSQLResult.Row) {
        self.init(
            id: row.integer("id"),
            name: row.text("task_name"),
            createdAt: row.date("created_at"),
            data: row.text("data"),
            status: row.status("status"),
            queue: row.text("queue"),
            priority: Int(row.integer("priority")),
            runAt: row.date("run_at"),
            attempts: Int(row.integer("attempts")),
            maxAttempts: row.integerIfAny("max_attempts").map { Int($0) },
            timeoutSeconds: row.integerIfAny("timeout_seconds").map { Int($0) },
            leaseOwner: row.textIfAny("lease_owner"),
            leaseExpiresAt: row.dateIfAny("lease_expires_at"),
            claimNumber: row.integer("claim_no"),
            crashes: Int(row.integer("crashes")),
            lastError: row.textIfAny("last_error"),
            dedupeKey: row.textIfAny("dedupe_key"),
            lockKey: row.textIfAny("lock_key"),
            lockPlace: Int(row.integer("lock_place")),
            expiresAt: row.dateIfAny("expires_at"),
            token: row.textIfAny("token"),
            progressDone: row.integerIfAny("progress_done"),
            progressTotal: row.integerIfAny("progress_total"),
            progressNote: row.textIfAny("progress_note"),
            cancelRequestedAt: row.dateIfAny("cancel_requested_at"),
            batch: row.textIfAny("batch"),
            afterBatch: row.textIfAny("after_batch"),
            postponed: Int(clamping: row.integer("postponed"))
        )
    }
}

extension PostgreSQLResult.Row {
    /// A moment in microseconds since 2000 that is never NULL.
    func date(_ column: StaticString) -> Date { Date(microseconds: integer(column)) }

    /// The same; nil for NULL.
    func dateIfAny(_ column: StaticString) -> Date? { integerIfAny(column).map { Date(microseconds: $0) } }
}

extension Date {
    /// A moment from the database, in microseconds since 2000.
    init(microseconds: Int64) { self.init(timeIntervalSince1970: Double(microseconds) / 1_000_000 + 946_684_800) }
}
