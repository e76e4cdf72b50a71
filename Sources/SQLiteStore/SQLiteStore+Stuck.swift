import GRDB
public import TaskRun

extension SQLiteStore {
    /// The most tasks whose ends one call tries to write that were refused before.
    private static let stuckLimit = 100

    /// Notes a task whose row cannot be written: see ``TaskRun/TaskStore``.
    public func noteStuck(_ proof: ClaimProof, isDone: Bool, why: String) async throws(StoreError) {
        try await transaction("cannot note that task \(proof.id) has ended", isAboutRows: true) { database in
            try database.execute(
                sql: Statements.noteStuck,
                arguments: ["id": proof.id, "claim_no": proof.number, "is_done": isDone, "error": LastError.fit(why)]
            )
        }
    }

    /// Writes the ends of tasks that the file has refused before, where it takes them now.
    func endStuck() async throws(StoreError) {
        let stuck = try await access("cannot look for tasks that have ended") { database in
            try Row.fetchAll(database, sql: Statements.stuck, arguments: ["limit": Self.stuckLimit])
                .map { Stuck($0) }
        }
        for one in stuck {
            let result =
                one.isThere ? try? await settle([one.settlement], thenClaim: nil, now: nil).results.first : .settled
            guard let result, result != .untouched else { continue }
            let proof = one.settlement.proof
            try await transaction("cannot forget that task \(proof.id) has ended") { database in
                try database.execute(
                    sql: Statements.forgetStuck,
                    arguments: ["id": proof.id, "claim_no": proof.number]
                )
            }
        }
    }
}

/// A task whose handler has ended, and its end as it is to be written.
private struct Stuck: Sendable {
    let settlement: Settlement
    /// Whether its row still carries the claim.
    let isThere: Bool

    init(_ row: Row) {
        settlement = Settlement(
            ClaimProof(id: row[0], number: row.number(1, in: 0...Int64.max) ?? 0),
            row[2] ? .delete : .fail(error: row.text(3)),
            lockKey: row.textIfAny(5),
            batch: row.textIfAny(6)
        )
        isThere = row[4]
    }
}
