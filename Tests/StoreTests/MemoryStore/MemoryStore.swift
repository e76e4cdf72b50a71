import Foundation
import Synchronization
import TaskRun

/// A third store, as an example: tasks in memory, which people can add and look at.
///
/// It passes the part of the conformance suite that only reads (`ReadConformanceTests`). What a run needs beyond that
/// is in `MemoryStore+Unsupported.swift`.
final class MemoryStore: TaskDatabase {
    let location = "memory:"
    let rows = Mutex<[TaskRow]>([])

    private func waiting(_ names: [String]? = nil, _ queues: QueueFilter? = nil) -> [TaskRow] {
        rows.withLock { rows in
            rows.filter { row in
                row.status == .waiting && names?.contains(row.name) ?? true && queues?.contains(row.queue) ?? true
            }
        }
    }

    func requireSchema() async throws(StoreError) {}

    func look(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look {
        let isDue = waiting(names, queues).contains { $0.runAt <= Date() }
        let waitingNames = try await waitingNames(limit: Look.nameLimit)
        return Look(holdsClaims: false, isDue: isDue, waitingNames: waitingNames)
    }

    func waitingNames(limit: Int) async throws(StoreError) -> [String] {
        Array(Set(waiting().map(\.name)).sorted().prefix(limit))
    }

    func dueQueues(names: [String], queues: QueueFilter?) async throws(StoreError) -> [String] {
        Array(Set(waiting(names, queues).filter { $0.runAt <= Date() }.map(\.queue)))
    }

    func limits() async throws(StoreError) -> [TaskLimit] { [] }

    func pausedQueues() async throws(StoreError) -> [PausedQueue] { [] }

    func show(_ id: Int64) async throws(StoreError) -> TaskRow? { rows.withLock { $0.first { $0.id == id } } }

    func addEach(_ tasks: [NewTask]) async throws(StoreError) -> [AddedTask] {
        let now = Date()
        return rows.withLock { rows in
            tasks.map { task in
                let equal = rows.first { row in
                    task.dedupeKey != nil && row.status == .waiting && row.name == task.name
                        && row.dedupeKey == task.dedupeKey
                }
                if let equal { return AddedTask(id: equal.id, name: task.name, isNew: false) }
                let id = (rows.last?.id ?? 0) + 1
                rows.append(TaskRow(task, id: id, now: now))
                return AddedTask(id: id, name: task.name)
            }
        }
    }

    func list(_ filter: TaskFilter) async throws(StoreError) -> [TaskRow] {
        let found = rows.withLock { rows in
            rows.filter { row in
                row.id > filter.after ?? .min && filter.status ?? row.status == row.status
                    && filter.name ?? row.name == row.name && filter.queue ?? row.queue == row.queue
            }
        }
        return found.prefix(filter.limit).map { row in
            var row = row
            if !filter.hasData { row.data = "" }
            return row
        }
    }

    func matching(_ filter: TaskFilter) async throws(StoreError) -> [MatchedTask] {
        try await list(filter).map { MatchedTask(id: $0.id, name: $0.name, queue: $0.queue, status: $0.status) }
    }

    func summary() async throws(StoreError) -> TableSummary {
        let groups = rows.withLock { Dictionary(grouping: $0) { [$0.queue, $0.name, $0.status.rawValue] } }
        let lines = groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.compactMap { $0.value }
        return TableSummary(
            lines: lines.map { rows in
                let due = rows.filter { $0.status == .waiting && $0.runAt <= Date() }
                return TableSummary.Line(
                    queue: rows[0].queue,
                    name: rows[0].name,
                    status: rows[0].status,
                    count: rows.count,
                    due: due.count,
                    oldestDue: due.map(\.runAt).min()
                )
            },
            holders: []
        )
    }

    func close() async {}
}

extension TaskRow {
    /// The row of a task that was just added.
    fileprivate init(_ task: NewTask, id: Int64, now: Date) {
        let later = task.delay.map { now.addingTimeInterval($0 / .seconds(1)) }
        self.init(
            id: id,
            name: task.name,
            createdAt: now,
            data: task.data,
            status: .waiting,
            queue: task.queue ?? "default",
            priority: task.priority ?? 0,
            runAt: later ?? task.runAt ?? now,
            attempts: 0,
            maxAttempts: task.maxAttempts,
            timeoutSeconds: task.timeoutSeconds,
            leaseOwner: nil,
            leaseExpiresAt: nil,
            claimNumber: 0,
            crashes: 0,
            lastError: nil,
            dedupeKey: task.dedupeKey
        )
    }
}
