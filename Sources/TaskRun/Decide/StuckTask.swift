/// A stuck task, whose handler has ended but whose row could not be written, with the end that is still to be written.
package struct StuckTask: Sendable {
    /// The most of them that one recovery tries to write.
    package static let most = 100

    /// The end that is still to be written.
    package let settlement: Settlement
    /// Whether its row still carries the claim.
    package let isThere: Bool

    /// Reads a row of `task_stuck`: a task that is done is deleted, any other one becomes FAILED.
    package init(_ proof: ClaimProof, isDone: Bool, error: String, isThere: Bool, lockKey: String?, batch: String?) {
        let verdict = isDone ? Verdict.delete : .fail(error: error)
        settlement = Settlement(proof, verdict, lockKey: lockKey, batch: batch)
        self.isThere = isThere
    }

    /// Reads such a row, with what is left of its task.
    package init(_ row: some StoreRow) {
        self.init(
            ClaimProof(id: row.integer("task_id"), number: row.natural("claim_no")),
            isDone: row.flag("is_done"),
            error: row.text("error"),
            isThere: row.flag("is_there"),
            lockKey: row.textIfAny("lock_key"),
            batch: row.textIfAny("batch")
        )
    }
}
