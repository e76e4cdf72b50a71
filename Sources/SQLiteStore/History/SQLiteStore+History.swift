import Foundation
import GRDB
public import TaskRun
import Text

/// The history of tasks: how long it is kept, and what people ask about it.
extension SQLiteStore: HistoryAdministration {
    /// How many lines are looked at for names.
    private static let linesWithNames = 100_000

    /// How long lines are kept, by name.
    public var history: HistoryRetention { memory.history.retention }

    /// Removes lines that are kept no longer.
    public func removeOldHistory(failed: ResultRetention, limit: Int) async throws(StoreError) -> Int {
        let (keep, now) = (memory.history.retention, Date())
        let failures = max(keep.span.upperBound, ([failed.standard] + failed.names.values).max() ?? .zero)
        @Sendable func before(_ age: Duration) -> String {
            SQLiteTime.text(now.addingTimeInterval(-(age / .seconds(1))))
        }
        let own = keep.names.map { "\(JSONText.quote($0.key)):\(JSONText.quote(before($0.value ?? .zero)))" }
        return try await transaction("cannot remove old history") { database in
            let lines = try database.run(
                Statements.historyPrune,
                [
                    "most": HistoryRetention.most, "young": before(keep.span.lowerBound),
                    "since": "{\(own.joined(separator: ","))}", "rest": before(keep.standard ?? .zero), "limit": limit,
                ]
            )
            let attempts = try database.run(
                Statements.failurePrune,
                ["most": HistoryRetention.most, "young": before(failures), "limit": limit]
            )
            return max(lines, attempts)
        }
    }

    /// What keeps the history from being written, once.
    public func takeHistoryTrouble() async -> StoreError? { memory.history.takeTrouble() }

    /// The lines that a filter selects, the newest first.
    public func history(_ filter: HistoryFilter) async throws(StoreError) -> [HistoryLine] {
        try await access("cannot read the history") { try $0.lines(filter) }
    }

    /// All that is left of a task, or of all tasks that had a token.
    public func story(of target: CancelTarget) async throws(StoreError) -> TaskStory {
        try await read("cannot read the history") { database in
            var filter = HistoryFilter(limit: Int(Int32.max))
            switch target {
            case .id(let id): filter.id = id
            case .token(let token): filter.token = token
            }
            let ends = Array(try database.lines(filter).reversed())
            var ids = Set(ends.map(\.id))
            if let id = try Cancellations(database: database).id(of: target) { ids.insert(id) }
            let failures = try ids.sorted().flatMap { try database.rows(Statements.failures, ["id": $0]) }
            return TaskStory(ends: ends, failures: failures)
        }
    }

    /// The task names of the newest lines, sorted.
    public func historyNames() async throws(StoreError) -> [String] {
        try await access("cannot read the history") {
            try $0.rows(Statements.historyNames, ["limit": Self.linesWithNames]).sorted()
        }
    }
}

extension Database {
    fileprivate func lines(_ filter: HistoryFilter) throws -> [HistoryLine] {
        var values: StatementArguments = [
            "before": filter.before, "name": filter.name, "queue": filter.queue, "status": filter.status?.rawValue,
            "since": filter.since.map { SQLiteTime.text($0) }, "limit": max(filter.limit, 0),
        ]
        guard filter.isKeyed else { return try rows(Statements.historyList, values) }
        values += ["id": filter.id, "token": filter.token, "batch": filter.batch]
        return try rows(Statements.historyKeyed, values)
    }
}
