import Foundation
import GRDB
import Synchronization
import TaskRun

/// Finds the rows that the table does not let be claimed, by claims that are undone: all of them, then halves.
extension SQLiteStore {
    /// Looks which rows keep a claim from being made, and passes them over from now on.
    ///
    /// - Returns: An exchange without claims that says so; nil: there are none.
    func passOver(_ request: ClaimRequest, now: Date) async throws(StoreError) -> Exchange? {
        let (due, late) = try await candidates(request, now: now)
        var found = try await refused(of: late[...]) { ids, database in
            try database.execute(sql: SQLiteLockStatements.expiryTrial, arguments: ["ids": SQLiteJSON.text(ids)])
            return try database.failed(ids)
        }
        let known = Set(found.map(\.id))
        let end = SQLiteTime.text(now, after: request.lease)
        found += try await refused(among: due.filter { !known.contains($0) }, owner: request.owner, leaseEnd: end)
        guard !found.isEmpty else { return nil }
        avoided.withLock { $0.formUnion(found.map(\.id)) }
        return Exchange(results: [], claimed: [], isPartial: true, passedOver: found)
    }

    /// Those of these rows that cannot be claimed.
    func refused(among ids: [Int64], owner: String, leaseEnd: String) async throws(StoreError) -> [RefusedRow] {
        try await refused(of: ids[...]) { ids, database in
            let arguments: StatementArguments = ["ids": SQLiteJSON.text(ids), "owner": owner, "lease_end": leaseEnd]
            try database.execute(sql: SQLiteStatements.claimTrial, arguments: arguments)
            return try database.held(ids, by: owner)
        }
    }

    /// Whether `tasks` has triggers of somebody else's; looked for again only when the schema has changed.
    func hasTriggers(in database: Database) throws -> Bool {
        let version = try Int64.fetchOne(database.cachedStatement(sql: SQLiteStatements.schemaVersion)) ?? 0
        if let known = triggers.withLock({ $0 }), known.version == version { return known.areThere }
        let areThere = try Bool.fetchOne(database, sql: SQLiteStatements.anyTrigger) ?? false
        triggers.withLock { $0 = (version, areThere) }
        return areThere
    }

    /// The rows that a claim would take, and those that have expired.
    private func candidates(
        _ request: ClaimRequest,
        now: Date
    ) async throws(StoreError) -> (due: [Int64], late: [Int64]) {
        try await read("cannot look for due tasks") { [self] database in
            let text = SQLiteTime.text(now)
            let avoided = avoided.withLock { $0 }
            let late = try Int64.fetchAll(
                database,
                sql: SQLiteLockStatements.late,
                arguments: [
                    "now": text, "limit": ExpiredTask.most, "except": SQLiteJSON.text(avoided.sorted()),
                ]
            )
            guard case .usual(let limit, let most) = request.share else {
                return (try crashed(request, limit: 1, now: text, in: database).map(\.id), late)
            }
            let careful = try crashed(request, limit: min(most, limit), now: text, in: database)
            let heads = try [false, true].flatMap { keyed in
                // As many as a claim looks at, as those behind are marked.
                let most = (keyed ? Self.lockLimit : limit) + avoided.count
                return try self.heads(request, keyed: keyed, limit: most, now: text, in: database).rows
            }
            return ((heads + careful).map(\.id).filter { !avoided.contains($0) }, late)
        }
    }

    /// Those of these rows that an attempt, which is undone, cannot change; it says how many it has changed.
    private func refused(
        of ids: ArraySlice<Int64>,
        by attempt: @escaping @Sendable ([Int64], Database) throws -> Int
    ) async throws(StoreError) -> [RefusedRow] {
        guard let first = ids.first else { return [] }
        let cause: String
        do {
            let tried = Array(ids)
            let count = try await access("cannot try to claim tasks", isAboutRows: true) { database in
                var count = 0
                try database.inTransaction(.immediate) {
                    count = try attempt(tried, database)
                    return .rollback
                }
                return count
            }
            if count == ids.count { return [] }
            cause = StoreError.skipped
        } catch  where error.code == .refused {
            cause = error.cause
        }
        guard ids.count > 1 else { return [RefusedRow(id: first, name: nil, cause: cause)] }
        let middle = ids.startIndex + ids.count / 2
        return try await refused(of: ids[..<middle], by: attempt) + refused(of: ids[middle...], by: attempt)
    }
}

extension Database {
    /// How many of these rows the run has claimed.
    ///
    /// Triggers that act after the UPDATE come later than its RETURNING.
    func held(_ ids: [Int64], by owner: String) throws -> Int {
        let arguments: StatementArguments = ["ids": SQLiteJSON.text(ids), "owner": owner]
        return try Int.fetchOne(self, sql: SQLiteStatements.countHeld, arguments: arguments) ?? 0
    }

    /// How many of these rows are FAILED.
    fileprivate func failed(_ ids: [Int64]) throws -> Int {
        try Int.fetchOne(self, sql: SQLiteStatements.countFailed, arguments: ["ids": SQLiteJSON.text(ids)]) ?? 0
    }
}
