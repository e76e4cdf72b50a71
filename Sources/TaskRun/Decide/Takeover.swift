/// A PROCESSING row whose run is dead or whose lease has ended, as a store found it.
package struct AbandonedRow: Sendable {
    /// The claim that the row still carries.
    package let proof: ClaimProof
    /// The task name.
    package let name: String
    /// The attempts that were begun.
    package let attempts: Int
    /// Its crashes in a row, without this one.
    package let crashes: Int64
    /// The run that claimed it, or nil if the row names none.
    package let owner: String?
    /// Whether that run is known to be dead.
    package let isOwnerDead: Bool
    /// When its lease ends or ended, in UTC, or nil if it has none.
    package let leaseEnd: String?
    /// Whether its cancellation was requested.
    package let isToBeCancelled: Bool
    /// Its lock key and its batch.
    package let lockKey, batch: String?

    /// Creates a row from its columns.
    package init(
        proof: ClaimProof,
        name: String,
        attempts: Int = 1,
        crashes: Int64,
        owner: String?,
        isOwnerDead: Bool,
        leaseEnd: String?,
        isToBeCancelled: Bool,
        lockKey: String? = nil,
        batch: String? = nil
    ) {
        (self.proof, self.name, self.attempts, self.crashes, self.owner) = (proof, name, attempts, crashes, owner)
        (self.isOwnerDead, self.leaseEnd, self.isToBeCancelled) = (isOwnerDead, leaseEnd, isToBeCancelled)
        (self.lockKey, self.batch) = (lockKey, batch)
    }

    /// Reads a row of `abandoned.sql`; a store has its own text of a moment.
    package init(_ row: some StoreRow, leaseEnd: String?) {
        self.init(
            proof: ClaimProof(row),
            name: row.text("task_name"),
            attempts: row.count("attempts"),
            crashes: Int64(row.count("crashes")),
            owner: row.textIfAny("lease_owner"),
            isOwnerDead: row.flag("is_owner_dead"),
            leaseEnd: leaseEnd,
            isToBeCancelled: row.flag("is_cancelled"),
            lockKey: row.textIfAny("lock_key"),
            batch: row.textIfAny("batch")
        )
    }
}

/// What recovery makes of an abandoned row: it becomes WAITING, or FAILED after too many crashes in a row.
///
/// A row with a request to cancel it never becomes FAILED. It becomes WAITING, and is then removed.
package struct Takeover: Sendable, Equatable {
    /// The claim that the row still carries.
    package let proof: ClaimProof
    /// The task as it is afterwards, unless it gives way to an equal task.
    package let task: RecoveredTask
    /// Which attempt it was.
    package let attempt: Int
    /// The text for `last_error`.
    package let error: String
    /// The row's lock key and batch.
    package let lockKey, batch: String?

    /// Decides about a row.
    ///
    /// - Parameters:
    ///   - row: The row.
    ///   - limit: The task becomes FAILED after this many crashes in a row.
    ///   - now: When the row was found, in UTC.
    package init(_ row: AbandonedRow, crashLimit limit: Int, seen now: String) {
        let crashes = Int(min(row.crashes, Int64(Int32.max) - 1)) + 1
        (proof, attempt, lockKey, batch) = (row.proof, row.attempts, row.lockKey, row.batch)
        task = RecoveredTask(
            id: row.proof.id,
            name: row.name,
            crashes: crashes,
            status: crashes >= limit && !row.isToBeCancelled ? .failed : .waiting,
            isCancelled: row.isToBeCancelled
        )
        error = CrashText.error(for: row, crashes: crashes, limit: limit, seen: now)
    }

    /// Whether the row becomes WAITING, even if it is removed then.
    package var becomesWaiting: Bool { task.status == .waiting }

    /// The task as it is after the row was written, or was removed because an equal task waits.
    package func result(gaveWay: Bool) -> RecoveredTask {
        guard gaveWay else { return task }
        return RecoveredTask(id: task.id, name: task.name, crashes: task.crashes, status: task.status, gaveWay: true)
    }
}

/// What became of rows that were taken over in one transaction, and what follows.
package struct Recovered: Sendable {
    /// The tasks that were taken over, in the order of their rows.
    package private(set) var tasks: [RecoveredTask] = []
    /// The rows that were written.
    package private(set) var written: [Takeover] = []
    /// The rows of tasks that have ended: they no longer keep their lock keys, and their batches may have ended.
    package private(set) var ended: [Takeover] = []
    /// The rows that the table left as they were, although no other transaction can have changed them.
    package private(set) var skipped: [Int64] = []

    /// Sorts rows by what the statements changed.
    ///
    /// - Parameters:
    ///   - rows: All rows that were to be taken over.
    ///   - written: The numbers of those that were written.
    ///   - gaveWay: The numbers of those that were removed because an equal task waits.
    package init(_ rows: [Takeover], written: [Int64], gaveWay: [Int64] = []) {
        let (written, gaveWay) = (Set(written), Set(gaveWay))
        for row in rows {
            let (isGone, isWritten) = (gaveWay.contains(row.proof.id), written.contains(row.proof.id))
            guard isGone || isWritten else {
                skipped.append(row.proof.id)
                continue
            }
            let task = row.result(gaveWay: isGone)
            tasks.append(task)
            if isWritten { self.written.append(row) }
            if task.hasEnded { ended.append(row) }
        }
    }
}

extension RecoveredTask {
    /// Whether the task has ended: it is FAILED or its row is gone.
    package var hasEnded: Bool { status == .failed || gaveWay || isCancelled }
}
