public import Foundation
import GRDB
public import TaskRun

extension Database {
    /// Ends claims, each if it is still ours; says also which tasks go on waiting although their batches have ended with them.
    func settle(_ settlements: [Settlement], now: Date) throws -> ([SettleResult], [BatchRefusal]) {
        var results = [SettleResult](repeating: .leaseLost, count: settlements.count)
        var (ended, back) = ([Int](), [Int]())
        for (place, settlement) in settlements.enumerated() {
            if settlement.record != nil { try keep(settlement, now: now) }
            switch settlement.verdict {
            case .delete, .cancel: ended.append(place)
            case .retry, .fail, .release: back.append(place)
            }
        }
        for (place, isOurs) in zip(ended, try delete(ended.map { settlements[$0].proof })) where isOurs {
            results[place] = .settled
        }
        // The newest goes back first: of equal ones an older one gives way.
        var removed: [String] = []
        for place in back.sorted(by: { settlements[$0].proof.id > settlements[$1].proof.id }) {
            results[place] = try putBack(settlements[place], &removed, now: now)
        }
        for (place, settlement) in settlements.enumerated() where results[place] == .leaseLost {
            if try isInHand(settlement.proof) { results[place] = .untouched }
        }
        for (settlement, result) in zip(settlements, results) where result != .leaseLost && result != .untouched {
            if let key = settlement.lockKey { try letGo(key, settlement, gaveWay: result == .gaveWay, now: now) }
        }
        var refusals: [BatchRefusal] = []
        if settlements.contains(where: \.hasSequel) {
            try addFollowUps(settlements, results, now: now)
            refusals = try endBatches(settlements, results, now: now)
        }
        if !removed.isEmpty { refusals += try endBatches(removed, now: now).refusals }
        return (results, refusals)
    }

    /// Whether a row still carries a claim.
    func isInHand(_ proof: ClaimProof) throws -> Bool {
        try finds(Statements.isInHand, ["id": proof.id, "claim_no": proof.number])
    }

    /// Deletes rows, each if it is still ours.
    ///
    /// Those with one claim number, nearly always all of them, go at once: to enter the table and its indexes anew for each row
    /// takes a tenth of a task's time. Where that finds fewer, it is undone, and each row shows for itself.
    ///
    /// - Returns: Which of them were ours, in their order.
    private func delete(_ proofs: [ClaimProof]) throws -> [Bool] {
        var isOurs = [Bool](repeating: true, count: proofs.count)
        for (number, places) in Dictionary(grouping: proofs.indices, by: { proofs[$0].number }) {
            if places.count > 1, try deleteAll(places.map { proofs[$0].id }, claimNumber: number) { continue }
            let delete = try BareStatement(Statements.delete, in: self)
            delete.bind(delete.place(of: "claim_no"), number)
            for place in places {
                delete.bind(delete.place(of: "id"), proofs[place].id)
                isOurs[place] = try delete.run() == 1
            }
        }
        return isOurs
    }

    /// Deletes all of these rows, or none of them.
    private func deleteAll(_ ids: [Int64], claimNumber: Int64) throws -> Bool {
        var isWhole = false
        try inSavepoint {
            let delete = try BareStatement(Statements.deleteAll, in: self)
            delete.bind(delete.place(of: "ids"), SQLiteJSON.text(ids))
            delete.bind(delete.place(of: "claim_no"), claimNumber)
            isWhole = try delete.run() == ids.count
            return isWhole ? .commit : .rollback
        }
        return isWhole
    }

    /// Puts a row back or aside; where an equal one waits the newer one stays.
    ///
    /// The batch of an older one that was removed is added to `removed`.
    private func putBack(_ settlement: Settlement, _ removed: inout [String], now: Date) throws -> SettleResult {
        let (proof, keep) = (settlement.proof, settlement.record?.keep)
        do {
            guard try change(settlement, now: now) == 1 else { return .leaseLost }
            // A row that is FAILED stays, whatever a DELETE would meet.
            if case .fail = settlement.verdict { return .settled }
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            switch try makeWay(for: proof.id, keep: keep ?? ResultRecord.standardKeep, now: now) {
            case nil: throw error
            case .toNewer:
                let isOurs = try giveWay(
                    proof.id,
                    claimNumber: proof.number,
                    keep: keep ?? ResultRecord.standardKeep,
                    now: now
                )
                return isOurs ? .gaveWay : .leaseLost
            case .forNewer(let batch):
                if let batch { removed.append(batch) }
                guard try change(settlement, now: now) == 1 else { return .leaseLost }
            }
        }
        return try removeIfCancelled(proof.id, keep: keep, now: now) == nil ? .settled : .cancelled
    }

    private func change(_ settlement: Settlement, now: Date) throws -> Int {
        var arguments: StatementArguments = ["id": settlement.proof.id, "claim_no": settlement.proof.number]
        let change: Change
        switch settlement.verdict {
        case .delete, .cancel:
            preconditionFailure("a row to be deleted is not put back")
        case .retry(let delay, let error):
            change = Statements.retry
            arguments += ["run_at": SQLiteTime.text(now, after: delay), "error": LastError.fit(error)]
        case .fail(let error):
            change = Statements.fail
            arguments += ["error": LastError.fit(error)]
        case .release(let delay, let error, let isAsked):
            change = Statements.release
            arguments += [
                "run_at": delay > .zero ? SQLiteTime.text(now, after: delay) : nil,
                "least_run_at": SQLiteTime.text(now, after: max(delay, .seconds(1))),
                "error": error.map(LastError.fit),
                "is_asked": isAsked,
            ]
        }
        return try run(change, arguments)
    }
}

extension SQLiteStore {
    /// Prolongs leases, all in one transaction.
    public func renew(_ proofs: [ClaimProof], lease: Duration, now: Date?) async throws(StoreError) -> [ClaimProof] {
        try await transaction("cannot renew leases", isAboutRows: true) { database in
            let end = SQLiteTime.text(now ?? Date(), after: lease)
            return try proofs.filter { proof in
                let arguments: StatementArguments = ["id": proof.id, "claim_no": proof.number, "lease_end": end]
                // Where the statement changes nothing although the row is there, the claim holds for as long as it does.
                guard try database.run(Statements.renew, arguments) == 0 else { return false }
                return try !database.isInHand(proof)
            }
        }
    }

    /// Releases rows of this owner that it does not know of.
    ///
    /// No answer is lost on the way to a file, so these are all.
    public func giveBack(owner: String, except known: [ClaimProof]) async throws(StoreError) -> GivenBack {
        let known = Set(known)
        return try await transaction("cannot give tasks back", isAboutRows: true) { database in
            let settlements = try database.rows(Statements.held, ["owner": owner]).compactMap { row -> Settlement? in
                guard let proof = row.proof, !known.contains(proof) else { return nil }
                return Settlement(proof, .release(), lockKey: row.lockKey, record: ResultRecord(), batch: row.batch)
            }
            let results = try database.settle(settlements, now: Date()).0
            return GivenBack(count: results.count { $0 == .settled || $0 == .cancelled })
        }
    }
}

/// A row that a run has claimed.
struct Held {
    /// Nil where the claim number is none.
    let proof: ClaimProof?
    let lockKey: String?
    let batch: String?

    static func reader(_ columns: Columns) -> (ResultRow) -> Held {
        let (id, number) = (columns["id"], columns["claim_no"])
        let (key, batch) = (columns["lock_key"], columns["batch"])
        return { row in
            let proof = row.number(number, in: 0...Int64.max).map { ClaimProof(id: row.integer(id), number: $0) }
            return Held(proof: proof, lockKey: row.textIfAny(key), batch: row.textIfAny(batch))
        }
    }
}
