import Foundation
import GRDB
import Synchronization
import TaskRun

/// Finds the rows that the table does not let be claimed, by claims that are undone: all of them, then halves.
extension SQLiteStore {
    /// Looks which rows keep a claim from being made, and passes them over from now on.
    ///
    /// - Returns: An exchange without claims that says so; nil: there are none, for the second time on end.
    func passOver(_ request: ClaimRequest, now: Date) async throws(StoreError) -> Exchange? {
        let (due, late) = try await candidates(request, now: now)
        var found = try await refused(of: late[...]) { ids, database in
            try database.run(Statements.expiryTrial, ["ids": SQLiteJSON.text(ids)])
            return try database.failed(ids)
        }.map { RefusedRow(id: $0.id, name: $0.name, cause: $0.cause) }
        let known = Set(found.map(\.id))
        let end = SQLiteTime.text(now, after: request.lease)
        let rest = due.filter { !known.contains($0) }
        found += try await refused(among: rest, owner: request.owner, leaseEnd: end)
        var fitting: Int?
        if found.isEmpty {
            found = try await refusedBesideOthers(rest, owner: request.owner, leaseEnd: end)
            fitting = rest.count > found.count ? rest.count - found.count : nil
        }
        guard !found.isEmpty else { return avoided.withLock { $0.forgives() } ? .unfinished : nil }
        let refused = avoided.withLock { [found, fitting] in $0.passOver(found, fitting: fitting) }
        return Exchange(results: [], claimed: [], isPartial: true, passedOver: refused)
    }

    /// Those of these rows that cannot be claimed.
    func refused(among ids: [Int64], owner: String, leaseEnd: String) async throws(StoreError) -> [RefusedRow] {
        try await refused(of: ids[...]) { try $1.tryClaim($0, owner, leaseEnd) }
    }

    /// Those of these rows that cannot be claimed once others of them are: one after the other, what is taken stays so.
    private func refusedBesideOthers(
        _ ids: [Int64],
        owner: String,
        leaseEnd: String
    ) async throws(StoreError) -> [RefusedRow] {
        try await access("cannot try to claim tasks", isAboutRows: true) { database in
            var refused: [RefusedRow] = []
            try database.inTransaction(.immediate) {
                var parts = [ids[...]]
                while let part = parts.popLast() {
                    guard let first = part.first else { continue }
                    do {
                        try database.inSavepoint {
                            guard try database.tryClaim(Array(part), owner, leaseEnd) == part.count else {
                                throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: StoreError.skipped)
                            }
                            return .commit
                        }
                    } catch let error as DatabaseError where database.isInsideTransaction {
                        let reason = StoreError(sqlite: error, "", isAboutRows: true)
                        guard reason.code == .refused else { throw error }
                        if part.count > 1 {
                            parts += part.halves
                        } else {
                            refused.append(RefusedRow(id: first, name: nil, cause: reason.cause, isForNow: true))
                        }
                    }
                }
                return .rollback
            }
            return refused
        }
    }

    /// Whether `tasks` has triggers of somebody else's; looked for again only when the schema has changed.
    func hasTriggers(in database: Database) throws -> Bool {
        let version = try database.versionOfSchema()
        if let known = triggers.withLock({ $0 }), known.version == version { return known.areThere }
        let areThere = try database.first(Statements.anyTrigger) ?? false
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
            let avoided = avoided.withLock { $0.ids }
            let late = try database.rows(
                Statements.late,
                ["now": text, "limit": ExpiredTask.most, "except": SQLiteJSON.text(avoided.sorted())]
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
        let tried = Array(ids)
        let refusal: RefusedRow? = try await access("cannot try to claim tasks", isAboutRows: true) { database in
            var count = 0
            do {
                try database.inTransaction(.immediate) {
                    count = try attempt(tried, database)
                    return .rollback
                }
            } catch let error as DatabaseError {
                let reason = StoreError(sqlite: error, "", isAboutRows: true)
                guard reason.code == .refused else { throw error }
                let ofTwoRows: [ResultCode] = [
                    .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_ROWID,
                ]
                let isForNow = ofTwoRows.contains(error.extendedResultCode)
                return RefusedRow(id: first, name: nil, cause: reason.cause, isForNow: isForNow)
            }
            return count == tried.count ? nil : RefusedRow(id: first, name: nil, cause: StoreError.skipped)
        }
        guard let refusal else { return [] }
        guard ids.count > 1 else { return [refusal] }
        let middle = ids.startIndex + ids.count / 2
        return try await refused(of: ids[..<middle], by: attempt) + refused(of: ids[middle...], by: attempt)
    }
}

extension Database {
    /// Claims rows, in a transaction that is undone.
    ///
    /// - Returns: How many were claimed.
    fileprivate func tryClaim(_ ids: [Int64], _ owner: String, _ leaseEnd: String) throws -> Int {
        let arguments: StatementArguments = ["ids": SQLiteJSON.text(ids), "owner": owner, "lease_end": leaseEnd]
        try run(Statements.claimTrial, arguments)
        return try held(ids, by: owner)
    }

    /// How many of these rows the run has claimed.
    ///
    /// Triggers that act after the UPDATE come later than its RETURNING.
    func held(_ ids: [Int64], by owner: String) throws -> Int {
        let arguments: StatementArguments = ["ids": SQLiteJSON.text(ids), "owner": owner]
        return try first(Statements.countHeld, arguments) ?? 0
    }

    /// How many of these rows are FAILED.
    fileprivate func failed(_ ids: [Int64]) throws -> Int {
        try first(Statements.countFailed, ["ids": SQLiteJSON.text(ids)]) ?? 0
    }
}
