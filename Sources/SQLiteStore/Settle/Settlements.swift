import Foundation
import GRDB
import TaskRun

/// Ends claims within one transaction, and renews leases.
struct Settlements {
    let database: Database
    let keeper: HistoryKeeper

    /// Ends claims that still hold, and returns their results and the tasks that keep waiting although their batches
    /// have ended.
    func settle(_ settlements: [Settlement], now: Date) throws -> Exchange {
        var results = [SettleResult](repeating: .leaseLost, count: settlements.count)
        var (ended, back) = ([Int](), [Int]())
        for (index, settlement) in settlements.enumerated() {
            if settlement.record != nil { try Results(database: database).keep(settlement, now: now) }
            if settlement.isDeletion { ended.append(index) } else { back.append(index) }
        }
        for (index, holds) in zip(ended, try delete(ended.map { settlements[$0].proof })) where holds {
            results[index] = .settled
        }
        var removed: [String] = []
        for index in back.newestFirst({ settlements[$0].proof.id }) {
            results[index] = try putBack(settlements[index], &removed, now: now)
        }
        for (index, settlement) in settlements.enumerated() where results[index] == .leaseLost {
            if try holds(settlement.proof) { results[index] = .untouched }
        }
        try History(database: database, keeper: keeper).note(settlements, results, now: now)
        for (settlement, result) in zip(settlements, results) where result.isWritten {
            guard let key = settlement.lockKey else { continue }
            try LockLines(database: database).release(key, settlement, gaveWay: result == .gaveWay, now: now)
        }
        guard !removed.isEmpty || settlements.contains(where: \.hasSequel) else {
            return Exchange(results: results, claimed: [])
        }
        let (sequel, batches) = (Sequel(settlements, results, removed: removed), Batches(database: database))
        try batches.add(sequel.followUps, now: now)
        return Exchange(results: results, claimed: [], refusals: try batches.end(sequel.batches, now: now).refusals)
    }

    /// Whether a row still carries a claim.
    func holds(_ proof: ClaimProof) throws -> Bool {
        try database.finds(Statements.holdsClaim, ["id": proof.id, "claim_no": proof.number])
    }

    /// Prolongs leases, and returns the claims that no longer hold.
    func renew(_ proofs: [ClaimProof], until end: String) throws -> [ClaimProof] {
        try proofs.filter { proof in
            let arguments: StatementArguments = ["id": proof.id, "claim_no": proof.number, "lease_end": end]
            // If the statement changes nothing although the row carries the claim, the claim still holds.
            guard try database.run(Statements.renew, arguments) == 0 else { return false }
            return try !holds(proof)
        }
    }

    /// The seconds until the lease of a claim ends, or nil if the claim no longer holds.
    func leaseLeft(of proof: ClaimProof) throws -> Double? {
        let now = SQLiteTime.text(Date())
        return try database.first(Statements.leaseLeft, ["id": proof.id, "claim_no": proof.number, "now": now])
    }

    /// Releases the rows of a run that it does not know of, and returns how many were released.
    func releaseUnknown(of owner: String, except known: Set<ClaimProof>) throws -> Int {
        let settlements = try database.rows(Statements.held, ["owner": owner]).compactMap { row -> Settlement? in
            guard let proof = row.proof, !known.contains(proof) else { return nil }
            return Settlement(releasing: proof, lockKey: row.lockKey, batch: row.batch)
        }
        return try settle(settlements, now: Date()).results.count(where: \.isReleased)
    }

    /// Deletes rows, each if its claim still holds, and returns which of them were deleted.
    ///
    /// Rows with the same claim number, nearly always all of them, are deleted together: starting anew in the table and
    /// its indexes for each row takes a tenth of a task's time. If that deletes fewer rows, it is undone, and each row
    /// is deleted alone.
    private func delete(_ proofs: [ClaimProof]) throws -> [Bool] {
        var isDeleted = [Bool](repeating: true, count: proofs.count)
        for (number, indices) in Dictionary(grouping: proofs.indices, by: { proofs[$0].number }) {
            if indices.count > 1, try deleteAll(indices.map { proofs[$0].id }, claimNumber: number) { continue }
            let delete = try BareStatement(Statements.delete, in: database)
            delete.bind(delete.index(of: "claim_no"), number)
            for index in indices {
                delete.bind(delete.index(of: "id"), proofs[index].id)
                isDeleted[index] = try delete.run() == 1
            }
        }
        return isDeleted
    }

    /// Deletes all of these rows, or none of them.
    private func deleteAll(_ ids: [Int64], claimNumber: Int64) throws -> Bool {
        var isWhole = false
        try database.inSavepoint {
            let delete = try BareStatement(Statements.deleteAll, in: database)
            delete.bind(delete.index(of: "ids"), ids.json)
            delete.bind(delete.index(of: "claim_no"), claimNumber)
            isWhole = try delete.run() == ids.count
            return isWhole ? .commit : .rollback
        }
        return isWhole
    }

    /// Makes a row WAITING or FAILED, and adds the batch of an older equal task that is removed for it to `removed`.
    private func putBack(_ settlement: Settlement, _ removed: inout [String], now: Date) throws -> SettleResult {
        let (proof, keep) = (settlement.proof, settlement.record?.keep)
        let equals = EqualTasks(
            database: database,
            keeper: keeper,
            keep: keep ?? ResultRecord.standardKeep,
            now: now
        )
        let written = try equals.write(proof.id, claimNumber: proof.number) { try change(settlement, now: now) == 1 }
        if let batch = written.removed { removed.append(batch) }
        // A FAILED row stays, even if it was to be cancelled.
        guard written.result == .settled, settlement.becomesWaiting else { return written.result }
        let cancelled = try Cancellations(database: database, keeper: keeper)
            .removeIfCancelled(proof.id, keep: keep, now: now)
        return cancelled == nil ? .settled : .cancelled
    }

    private func change(_ settlement: Settlement, now: Date) throws -> Int {
        guard let row = RowChange(settlement.verdict) else {
            preconditionFailure("a row to be deleted is not changed")
        }
        var arguments: StatementArguments = [
            "id": settlement.proof.id, "claim_no": settlement.proof.number, "error": row.error,
        ]
        guard row.status == .waiting else { return try database.run(Statements.fail, arguments) }
        arguments += ["run_at": row.wait.map { SQLiteTime.text(now, after: $0) }]
        guard row.attempt != .counts else { return try database.run(Statements.retry, arguments) }
        arguments += [
            "least_run_at": SQLiteTime.text(now, after: max(row.wait ?? .zero, RowChange.leastWait)),
            "is_asked": row.attempt == .givenBackAsAsked,
        ]
        return try database.run(Statements.release, arguments)
    }
}

/// A row that a run has claimed.
struct HeldRow {
    /// Nil if the claim number is not valid.
    let proof: ClaimProof?
    let lockKey, batch: String?

    init(_ row: ResultRow) {
        proof = row.number("claim_no", in: 0...Int64.max).map { ClaimProof(id: row.integer("id"), number: $0) }
        (lockKey, batch) = (row.textIfAny("lock_key"), row.textIfAny("batch"))
    }
}
