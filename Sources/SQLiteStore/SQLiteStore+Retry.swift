import Foundation
import GRDB
public import TaskRun

extension SQLiteStore {
    /// How many rows one transaction sends back: others that write wait for it.
    private static let retryLimit = 10_000

    /// Sends FAILED rows back to WAITING: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: The numbers of those sent back, smallest first.
    /// - Throws: What the database reports.
    public func retry(
        _ selection: FailedSelection,
        each part: @Sendable ([Int64]) -> Void
    ) async throws(StoreError) -> [Int64] {
        switch selection {
        case .ids(let ids):
            let sentBack = try await transaction("cannot send tasks back") { try $0.sendBack(ids) }.sentBack
            part(sentBack)
            return sentBack
        case .name(let name): return try await retryAll(named: name, part)
        case .all: return try await retryAll(named: nil, part)
        }
    }

    private func retryAll(
        named name: String?,
        _ part: @Sendable ([Int64]) -> Void
    ) async throws(StoreError) -> [Int64] {
        var ids: [Int64] = []
        var removed: Set<Int64> = []
        var last = Int64.min
        while true {
            let arguments: StatementArguments = ["last": last, "name": name, "limit": Self.retryLimit]
            let found = try await transaction("cannot send tasks back") { database in
                let next = try database.rows(Statements.nextFailed, arguments)
                return (last: next.last, back: try database.sendBack(next))
            }
            // One that was sent back may have given way to a newer equal one of a later part.
            guard let end = found.last else { return removed.isEmpty ? ids : ids.filter { !removed.contains($0) } }
            ids += found.back.sentBack
            removed.formUnion(found.back.removed)
            last = end
            part(found.back.sentBack)
        }
    }
}

extension Database {
    /// Sends FAILED rows among these back.
    ///
    /// - Returns: Those, smallest number first, and older equal ones that waited and gave way.
    fileprivate func sendBack(_ ids: [Int64]) throws -> (sentBack: [Int64], removed: [Int64]) {
        guard !ids.isEmpty else { return ([], []) }
        let now = Date()
        let chosen: StatementArguments = ["ids": SQLiteJSON.text(ids)]
        let older = try rows(Statements.olderThanFailed, chosen)
        let batches = try older.compactMap { try removeOlder($0, keep: ResultRecord.standardKeep, now: now) }
        let sent = try rows(Statements.sendBack, chosen + ["now": SQLiteTime.text(now)])
        try run(Statements.dropResults, ["ids": SQLiteJSON.text(sent)])
        try endBatches(batches, now: now)
        return (sent.sorted(), older)
    }
}
