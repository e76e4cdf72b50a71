import GRDB
public import TaskRun

extension SQLiteStore {
    /// The most tasks whose ends one call tries to write that were refused before.
    private static let stuckLimit = 100

    /// Notes a task whose row cannot be written: see ``TaskRun/TaskStore``.
    public func noteStuck(_ proof: ClaimProof, isDone: Bool, why: String) async throws(StoreError) {
        try await transaction("cannot note that task \(proof.id) has ended", isAboutRows: true) { database in
            try database.run(
                Statements.noteStuck,
                ["id": proof.id, "claim_no": proof.number, "is_done": isDone, "error": LastError.fit(why)]
            )
        }
    }

    /// Writes the ends of tasks that the file has refused before, where it takes them now.
    func endStuck() async throws(StoreError) {
        let stuck = try await access("cannot look for tasks that have ended") { database in
            try database.rows(Statements.stuck, ["limit": Self.stuckLimit])
        }
        for one in stuck {
            let result =
                one.isThere ? try? await settle([one.settlement], thenClaim: nil, now: nil).results.first : .settled
            guard let result, result != .untouched else { continue }
            let proof = one.settlement.proof
            try await transaction("cannot forget that task \(proof.id) has ended") { database in
                try database.run(Statements.forgetStuck, ["id": proof.id, "claim_no": proof.number])
            }
        }
    }
}

/// A task whose handler has ended, and its end as it is to be written.
struct Stuck: Sendable {
    let settlement: Settlement
    /// Whether its row still carries the claim.
    let isThere: Bool

    static func reader(_ columns: Columns) -> (ResultRow) -> Stuck {
        let (id, number, isDone) = (columns["task_id"], columns["claim_no"], columns["is_done"])
        let (error, isThere) = (columns["error"], columns["is_there"])
        let (key, batch) = (columns["lock_key"], columns["batch"])
        return { row in
            let proof = ClaimProof(id: row.integer(id), number: row.natural(number))
            let settlement = Settlement(
                proof,
                row.flag(isDone) ? .delete : .fail(error: row.text(error)),
                lockKey: row.textIfAny(key),
                batch: row.textIfAny(batch)
            )
            return Stuck(settlement: settlement, isThere: row.flag(isThere))
        }
    }
}
