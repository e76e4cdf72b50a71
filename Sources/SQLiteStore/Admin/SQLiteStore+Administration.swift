import Foundation
import GRDB
public import TaskRun

extension SQLiteStore: TaskAdministration {
    /// Adds tasks in one transaction.
    public func addEach(_ tasks: [NewTask]) async throws(StoreError) -> [AddedTask] {
        try await transaction("cannot add tasks") { try Tasks(database: $0).add(tasks) }
    }

    /// Adds tasks as a source gives them.
    ///
    /// As long as it reads the source, other programs can write.
    public func add(from source: any TaskSource) async throws(StoreError) -> Bool {
        let subject = "cannot add tasks in \(location)"
        return try await access("cannot add tasks") { database in
            defer { try? database.execute(sql: Statements.dropLines.sql) }
            return try BulkAdd(database, source, subject: subject).run()
        }
    }

    /// Rows by the filter, by number.
    public func list(_ filter: TaskFilter) async throws(StoreError) -> [TaskRow] {
        guard let patience = filter.patience else {
            // No lock between the statements: there can be many.
            return try await access("cannot list tasks") { try Tasks(database: $0).list(filter) }
        }
        return try await look("cannot list tasks", within: patience) { try Tasks(database: $0).list(filter) }
    }

    /// Tasks by the filter, by number.
    public func matching(_ filter: TaskFilter) async throws(StoreError) -> [MatchedTask] {
        try await access("cannot list tasks") { try Tasks(database: $0).matching(filter) }
    }

    /// FAILED tasks that are kept no longer.
    public func oldFailed(_ keep: ResultRetention, limit: Int) async throws(StoreError) -> [MatchedTask] {
        try await read("cannot look for old tasks") { try Tasks(database: $0).oldFailed(keep, limit: limit) }
    }

    /// The batches, by name.
    public func batches(_ batch: String?, limit: Int) async throws(StoreError) -> [BatchRow] {
        try await look("cannot list batches") {
            try $0.rows(Statements.batches, ["batch": batch, "most": limit, "counted": BatchRow.mostCounted])
        }
    }

    /// Counts by queue, name and state, and the holders of leases.
    public func summary() async throws(StoreError) -> TableSummary {
        try await look("cannot count tasks") { try Tasks(database: $0).summary() }
    }

    /// Why tasks are not running, all at one moment.
    public func facts(_ selection: WaitFacts.Selection) async throws(StoreError) -> WaitFacts {
        try await look("cannot read why tasks wait") { try WhyRows(database: $0).facts(selection, now: Date()) }
    }

    /// Cancels tasks, all in one transaction.
    public func cancel(
        _ targets: [CancelTarget],
        retention: ResultRetention
    ) async throws(StoreError) -> [CancelOutcome] {
        try await CancelCommand(store: self, targets: targets, retention: retention).run()
    }

    /// Makes FAILED rows WAITING again: see ``TaskRun/TaskAdministration``.
    public func retry(
        _ selection: FailedSelection,
        each part: @Sendable ([Int64]) -> Void
    ) async throws(StoreError) -> [Int64] {
        let name: String?
        switch selection {
        case .ids(let ids):
            let retried = try await transaction("cannot retry tasks") { [memory] database in
                try Tasks(database: database, keeper: memory.history).retry(ids)
            }.retried
            part(retried)
            return retried
        case .name(let chosen): name = chosen
        case .all: name = nil
        }
        var ids: [Int64] = []
        var removed: Set<Int64> = []
        var last = Int64.min
        while true {
            let found = try await transaction("cannot retry tasks") { [last, memory] database in
                let tasks = Tasks(database: database, keeper: memory.history)
                let next = try tasks.nextFailed(after: last, named: name)
                return (last: next.last, tasks: try tasks.retry(next))
            }
            // A newer equal task of a later part may have removed one that was made WAITING before.
            guard let end = found.last else { return removed.isEmpty ? ids : ids.filter { !removed.contains($0) } }
            ids += found.tasks.retried
            removed.formUnion(found.tasks.removed)
            last = end
            part(found.tasks.retried)
        }
    }

    /// Makes WAITING rows due now.
    public func hasten(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        try await transaction("cannot make tasks due") { try Tasks(database: $0).hasten(ids) }
    }

    /// Removes rows that are not PROCESSING.
    public func delete(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        try await transaction("cannot delete tasks") { [memory] in
            try Tasks(database: $0, keeper: memory.history).delete(ids)
        }
    }
}

extension SQLiteStore: ResultAdministration {
    /// The states of tasks with tokens, all at one moment.
    public func states(of tokens: [String]) async throws(StoreError) -> [TokenState] {
        try await read("cannot read results") { database in try tokens.compactMap(Results(database: database).state) }
    }

    /// The token of an equal task that ended COMPLETE.
    public func reusable(name: String, dataHash: String, within age: Duration) async throws(StoreError) -> String? {
        try await access("cannot look for a result") {
            try Results(database: $0).reusable(name: name, dataHash: dataHash, within: age)
        }
    }
}

extension SQLiteStore: QueueAdministration {
    /// Pauses a queue.
    public func pause(_ queue: String, for time: Duration?, why: String?, by who: String?) async throws(StoreError) {
        try await transaction("cannot pause queue \"\(queue)\"") {
            try Queues(database: $0).pause(queue, for: time, why: why, by: who)
        }
    }

    /// The queues that are paused.
    public func pausedQueues() async throws(StoreError) -> [PausedQueue] {
        try await access("cannot read the pauses") { try Queues(database: $0).paused() }
    }

    /// Resumes queues.
    public func resume(_ queues: [String]) async throws(StoreError) -> [String] {
        try await transaction("cannot resume queues") { try Queues(database: $0).resume(queues) }
    }

    /// Sets or removes a limit.
    public func setLimit(_ limit: TaskLimit) async throws(StoreError) {
        let subject = "cannot limit \(limit.subject.kind) \"\(limit.subject.name)\""
        try await transaction(subject) { try Limits(database: $0).set(limit) }
    }
}

extension SQLiteStore: SchemaAdministration {
    /// Creates or upgrades the tables; the write lock makes a second one wait.
    public func migrate() async throws(StoreError) -> [SchemaVersion] {
        let subject = "cannot migrate \(location)"
        try await access(subject) { try Schema(database: $0).allowEdits() }
        return try await transaction(subject) { try Schema(database: $0).migrate(subject) }
    }

    /// Every known version, and which of them the file has.
    public func schemaVersions() async throws(StoreError) -> [SchemaVersion] {
        try await read("cannot read the schema") { [location] in try Schema(database: $0).versions(at: location) }
    }

    /// Nil, as a waiting run sees each change of the file.
    public func notifies() async throws(StoreError) -> Bool? { nil }

    /// Refused, as there is nothing to install.
    public func setNotify(_ isOn: Bool) async throws(StoreError) -> Bool {
        let cause = "a waiting run sees each change of the file without notifications"
        throw StoreError(.refused, subject: "cannot change the notifications of \(location)", cause: cause)
    }

    /// The findings of `taskrun check` about this file.
    public func findings() async throws(StoreError) -> [Finding] { try await FileCheck(store: self).findings() }
}
