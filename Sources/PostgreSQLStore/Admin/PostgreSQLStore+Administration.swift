public import TaskRun

extension PostgreSQLStore: TaskAdministration {
    /// Adds tasks in one transaction: all or none.
    public func addEach(_ tasks: [NewTask]) async throws(StoreError) -> [AddedTask] {
        guard !tasks.isEmpty else { return [] }
        return try await reach(to: "add tasks") { try Tasks(session: $0).add(tasks) }
    }

    /// Adds tasks as a source gives them.
    public func add(from source: any TaskSource) async throws(StoreError) -> Bool {
        let subject = subject("add tasks")
        return try await reach(to: "add tasks") { try BulkInsertion($0, source, subject: subject).run() }
    }

    /// Rows by the filter, by number.
    public func list(_ filter: TaskFilter) async throws(StoreError) -> [TaskRow] {
        try await reach(to: "list tasks") { try Tasks(session: $0).list(filter) }
    }

    /// Tasks by the filter, by number.
    public func matching(_ filter: TaskFilter) async throws(StoreError) -> [MatchedTask] {
        try await reach(to: "list tasks") { try Tasks(session: $0).matching(filter) }
    }

    /// FAILED tasks that are kept no longer.
    public func oldFailed(_ keep: ResultRetention, limit: Int) async throws(StoreError) -> [MatchedTask] {
        try await reach(to: "look for old tasks") { try Tasks(session: $0).oldFailed(keep, limit: limit) }
    }

    /// The batches, by name.
    public func batches(_ batch: String?, limit: Int) async throws(StoreError) -> [BatchRow] {
        try await reach(to: "list batches") { session in
            let values = [batch, String(limit), String(BatchRow.mostCounted)]
            let asked = [.beginSnapshot, SessionSettings.looking, Request(BatchSQL.list, values), .commit]
            return try session.look(asked)[BatchSQL.list].map { BatchRow($0) }
        }
    }

    /// Counts by queue, name and state, and the holders of leases, all at one moment.
    public func summary() async throws(StoreError) -> TableSummary {
        try await reach(to: "count tasks") { try Tasks(session: $0).summary() }
    }

    /// Why tasks are not running, all at one moment.
    public func facts(_ selection: WaitFacts.Selection) async throws(StoreError) -> WaitFacts {
        try await reach(to: "read why tasks wait") { try WhyRows(session: $0).facts(selection) }
    }

    /// Cancels tasks; it waits, up to a time limit, for a row that an SQL file's transaction has locked.
    public func cancel(
        _ targets: [CancelTarget],
        retention: ResultRetention
    ) async throws(StoreError) -> [CancelOutcome] {
        try await reach(to: "cancel tasks") { try Cancellations(session: $0).cancel(targets, retention: retention) }
    }

    /// Makes FAILED rows WAITING again: see ``TaskRun/TaskAdministration``.
    public func retry(
        _ selection: FailedSelection,
        each part: @Sendable ([Int64]) -> Void
    ) async throws(StoreError) -> [Int64] {
        let name: String?
        switch selection {
        case .ids(let ids):
            let retried = try await reach(to: "retry tasks") { try FailedTasks(session: $0).retry(ids) }.retried
            part(retried)
            return retried
        case .name(let chosen): name = chosen
        case .all: name = nil
        }
        var ids: [Int64] = []
        var removed: Set<Int64> = []
        var last = Int64.min
        while true {
            let found = try await reach(to: "retry tasks") { [last] in
                try FailedTasks(session: $0).retryNext(after: last, named: name)
            }
            // A newer equal task of a later part may have removed one that was made WAITING before.
            guard let end = found.last else { return removed.isEmpty ? ids : ids.filter { !removed.contains($0) } }
            ids += found.retried
            removed.formUnion(found.removed)
            last = end
            part(found.retried)
        }
    }

    /// Makes WAITING rows due now.
    public func hasten(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        try await reach(to: "make tasks due") { try Tasks(session: $0).hasten(ids) }
    }

    /// Removes rows that are not PROCESSING.
    public func delete(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        try await reach(to: "delete tasks") { try Tasks(session: $0).delete(ids) }
    }
}

extension PostgreSQLStore: ResultAdministration {
    /// The states of tasks with tokens, all at one moment.
    public func states(of tokens: [String]) async throws(StoreError) -> [TokenState] {
        try await reach(to: "read results") { try Results(session: $0).states(of: tokens) }
    }

    /// The token of an equal task that ended COMPLETE.
    public func reusable(name: String, dataHash: String, within age: Duration) async throws(StoreError) -> String? {
        try await reach(to: "look for a result") {
            try Results(session: $0).reusable(name: name, dataHash: dataHash, within: age)
        }
    }
}

extension PostgreSQLStore: QueueAdministration {
    /// Pauses a queue.
    public func pause(_ queue: String, for time: Duration?, why: String?, by who: String?) async throws(StoreError) {
        try await reach(to: "pause queue \"\(queue)\"") {
            try Queues(session: $0).pause(queue, for: time, why: why, by: who)
        }
    }

    /// The queues that are paused.
    public func pausedQueues() async throws(StoreError) -> [PausedQueue] {
        try await reach(to: "read the pauses") { try Queues(session: $0).paused() }
    }

    /// Resumes queues, and returns those that were paused, by name.
    public func resume(_ queues: [String]) async throws(StoreError) -> [String] {
        try await reach(to: "resume queues") { try Queues(session: $0).resume(queues) }
    }

    /// Sets or removes a limit.
    public func setLimit(_ limit: TaskLimit) async throws(StoreError) {
        let doing = "limit \(limit.subject.kind) \"\(limit.subject.name)\""
        try await reach(to: doing) { try Limits(session: $0).set(limit) }
    }
}

extension PostgreSQLStore: SchemaAdministration {
    /// Creates or upgrades the tables, in one transaction.
    public func migrate() async throws(StoreError) -> [SchemaVersion] { try await Schema(store: self).migrate() }

    /// Every known version, and which of them the database has.
    public func schemaVersions() async throws(StoreError) -> [SchemaVersion] {
        try await Schema(store: self).versions()
    }

    /// Whether the triggers are installed that notify waiting runs of new tasks.
    public func notifies() async throws(StoreError) -> Bool? { try await NotifyTriggers(store: self).areInstalled() }

    /// Installs or removes those triggers, and returns whether that changed anything.
    public func setNotify(_ isOn: Bool) async throws(StoreError) -> Bool {
        try await NotifyTriggers(store: self).set(isOn)
    }

    /// The findings of `taskrun check` about this database.
    public func findings() async throws(StoreError) -> [Finding] { try await ServerCheck(store: self).findings() }
}
