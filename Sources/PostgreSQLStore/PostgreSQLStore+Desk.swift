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
            let rows = try session.exchange([step.request])[0].rows
            guard rows.isEmpty, let task = step.tasks.first, let key = task.dedupeKey else {
                guard rows.count == step.tasks.count else { throw .notKept }
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
                    Request(CheckSQL.horizonHolder), Request(DeskSQL.paused), .commit,
                ],
                within: SessionSettings.maintenanceLimit
            )
            return TableSummary(
                lines: answers[2].rows.map { row in
                    TableSummary.Line(
                        queue: row.text(0),
                        name: row.text(1),
                        status: row.status(2),
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
    /// Reads a row of `show.sql` and the like.
    init(_ row: PostgreSQLResult.Row) {
        self.init(
            id: row.integer(0),
            name: row.text(1),
            createdAt: Date(microseconds: row.integer(2)),
            data: row.text(3),
            status: row.status(4),
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

extension Date {
    /// A moment from the database, in microseconds since 2000.
    init(microseconds: Int64) { self.init(timeIntervalSince1970: Double(microseconds) / 1_000_000 + 946_684_800) }
}
