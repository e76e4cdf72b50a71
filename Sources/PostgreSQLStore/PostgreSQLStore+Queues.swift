import Platform
public import TaskRun

extension PostgreSQLStore {
    /// The queues that have something due: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: The queues, by name.
    /// - Throws: What the database reports.
    public func dueQueues(names: [String], queues: QueueFilter?) async throws(StoreError) -> [String] {
        let plain = Claim.look(names, queues, now: nil)
        let keyed = Request(LockSQL.lanes, [SQLText.array(names), nil, queues?.expression])
        return try await reach(to: "look for queues") { session throws(PostgreSQLFailure) in
            let answers = try session.exchange([plain, keyed])
            let lanes = [plain, keyed].flatMap { LaneLook(answers[$0.statement]).lanes }
            return Set(lanes.map(\.mark.queue)).sorted()
        }
    }

    /// Pauses a queue: see ``TaskRun/TaskDesk``.
    ///
    /// - Throws: ``TaskRun/StoreError/Code/refused`` for a name that no queue can have.
    public func pause(_ queue: String, for time: Duration?, why: String?, by who: String?) async throws(StoreError) {
        let request = Request(DeskSQL.pause, [queue, time.map(SQLText.seconds), why, who])
        try await reach(to: "pause queue \"\(queue)\"") { session throws(PostgreSQLFailure) in
            _ = try session.exchange([.begin, SessionSettings.tolerance, request, .commit])
        }
    }

    /// The queues that are paused: see ``TaskRun/TaskDesk``.
    public func pausedQueues() async throws(StoreError) -> [PausedQueue] {
        try await reach(to: "read the pauses") { session throws(PostgreSQLFailure) in
            try session.rows(of: Request(DeskSQL.paused)).map { PausedQueue($0) }
        }
    }

    /// Resumes queues: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: Those that were paused until now, by name.
    /// - Throws: What the database reports.
    public func resume(_ queues: [String]) async throws(StoreError) -> [String] {
        let request = Request(DeskSQL.resume, [SQLText.array(queues)])
        return try await reach(to: "resume queues") { session throws(PostgreSQLFailure) in
            let answers = try session.exchange([.begin, SessionSettings.tolerance, request, .commit])
            return answers[DeskSQL.resume].map { $0.text("queue") }
        }
    }
}

extension PausedQueue {
    /// Reads a row of ``DeskSQL/paused``.
    init(_ row: PostgreSQLResult.Row) {
        self.init(
            queue: row.text("queue"),
            until: row.dateIfAny("paused_until"),
            since: Date(microseconds: row.integerIfAny("paused_at") ?? 0),
            why: row.textIfAny("paused_why"),
            by: row.textIfAny("paused_by")
        )
    }
}
