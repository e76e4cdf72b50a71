import Foundation
import GRDB
import Synchronization
import TaskRun

/// Finds the rows that the table refuses to let be claimed, by claims that are undone: all rows first, then halves.
///
/// Each attempt is a transaction of its own, so that other programs can write in between.
struct RefusedRows: Sendable {
    let store: SQLiteStore

    /// Finds the rows that keep a claim from succeeding, which claims pass over from now on.
    ///
    /// - Returns: An exchange that names them and has no claims, or nil if there are none for the second time in a row.
    func passOver(_ request: ClaimRequest, now: Date) async throws(StoreError) -> Exchange? {
        let memory = store.memory
        let (due, late) = try await store.read("cannot look for due tasks") { database in
            try Claims(database: database, memory: memory, request: request).candidates(now: SQLiteTime.text(now))
        }
        var found = try await refused(of: late[...]) { try ClaimTrial(database: $1).expire($0) }
            .map { RefusedRow(id: $0.id, name: $0.name, cause: $0.cause) }
        let known = Set(found.map(\.id))
        let end = SQLiteTime.text(now, after: request.lease)
        let rest = due.filter { !known.contains($0) }
        found += try await claim(rest, owner: request.owner, leaseEnd: end)
        var fitting: Int?
        if found.isEmpty {
            found = try await refusedBesideOthers(rest, owner: request.owner, leaseEnd: end)
            fitting = rest.count > found.count ? rest.count - found.count : nil
        }
        guard !found.isEmpty else { return memory.avoided.withLock { $0.forgives() } ? .unfinished : nil }
        let refused = memory.avoided.withLock { [found, fitting] in $0.passOver(found, fitting: fitting) }
        return Exchange(results: [], claimed: [], isPartial: true, passedOver: refused)
    }

    /// Those of these rows that cannot be claimed.
    func claim(_ ids: [Int64], owner: String, leaseEnd: String) async throws(StoreError) -> [RefusedRow] {
        try await refused(of: ids[...]) { try ClaimTrial(database: $1).claim($0, owner: owner, leaseEnd: leaseEnd) }
    }

    /// Those of these rows that an attempt, which is undone, cannot change; it returns how many it has changed.
    private func refused(
        of ids: ArraySlice<Int64>,
        by attempt: @escaping @Sendable ([Int64], Database) throws -> Int
    ) async throws(StoreError) -> [RefusedRow] {
        guard let first = ids.first else { return [] }
        let tried = Array(ids)
        let refusal: RefusedRow? = try await store.access("cannot try to claim tasks", isAboutRows: true) { database in
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

    /// Those of these rows that cannot be claimed once others of them are: it claims part after part, and keeps what
    /// succeeds.
    private func refusedBesideOthers(
        _ ids: [Int64],
        owner: String,
        leaseEnd: String
    ) async throws(StoreError) -> [RefusedRow] {
        try await store.access("cannot try to claim tasks", isAboutRows: true) { database in
            var refused: [RefusedRow] = []
            try database.inTransaction(.immediate) {
                var parts = [ids[...]]
                while let part = parts.popLast() {
                    guard let first = part.first else { continue }
                    do {
                        try database.inSavepoint {
                            let trial = ClaimTrial(database: database)
                            guard try trial.claim(Array(part), owner: owner, leaseEnd: leaseEnd) == part.count else {
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
}

/// Changes rows in a transaction that is undone, and counts those that were changed.
struct ClaimTrial {
    let database: Database

    func claim(_ ids: [Int64], owner: String, leaseEnd: String) throws -> Int {
        try database.run(Statements.claimTrial, ["ids": ids.json, "owner": owner, "lease_end": leaseEnd])
        return try countHeld(ids, by: owner)
    }

    func expire(_ ids: [Int64]) throws -> Int {
        try database.run(Statements.expiryTrial, ["ids": ids.json])
        return try database.first(Statements.countFailed, ["ids": ids.json]) ?? 0
    }

    /// How many of these rows the run has claimed.
    ///
    /// Triggers that act after the UPDATE come later than its RETURNING.
    func countHeld(_ ids: [Int64], by owner: String) throws -> Int {
        try database.first(Statements.countHeld, ["ids": ids.json, "owner": owner]) ?? 0
    }
}
