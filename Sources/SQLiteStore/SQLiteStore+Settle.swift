public import Foundation
import GRDB
public import TaskRun

extension Database {
    /// Ends claims, each if it is still ours.
    func settle(_ settlements: [Settlement], now: Date) throws -> [SettleResult] {
        let delete = try BareStatement(SQLiteStatements.delete, in: self)
        let (id, number) = (delete.place(of: "id"), delete.place(of: "claim_no"))
        return try settlements.map { settlement in
            if settlement.record != nil { try keep(settlement, now: now) }
            let changed: Int
            if settlement.verdict == .delete || settlement.verdict == .cancel {
                delete.bind(id, settlement.proof.id)
                delete.bind(number, settlement.proof.number)
                changed = try delete.run()
            } else {
                changed = try putBack(settlement, now: now)
            }
            return changed == 1 ? .settled : .leaseLost
        }
    }

    private func putBack(_ settlement: Settlement, now: Date) throws -> Int {
        var arguments: StatementArguments = ["id": settlement.proof.id, "claim_no": settlement.proof.number]
        let sql: String
        switch settlement.verdict {
        case .delete, .cancel:
            preconditionFailure("a row to be deleted is not put back")
        case .retry(let delay, let error):
            sql = SQLiteStatements.retry
            arguments += ["run_at": SQLiteTime.text(now, after: delay), "error": LastError.fit(error)]
        case .fail(let error):
            sql = SQLiteStatements.fail
            arguments += ["error": LastError.fit(error)]
        case .release(let delay, let error):
            sql = SQLiteStatements.release
            arguments += [
                "run_at": delay > .zero ? SQLiteTime.text(now, after: delay) : nil,
                "error": error.map(LastError.fit),
            ]
        }
        try cachedStatement(sql: sql).execute(arguments: arguments)
        let changed = changesCount
        if changed == 1 { try removeIfCancelled(settlement.proof.id, keep: settlement.record?.keep, now: now) }
        return changed
    }
}

extension SQLiteStore {
    /// Prolongs leases, all in one transaction.
    public func renew(_ proofs: [ClaimProof], lease: Duration, now: Date?) async throws(StoreError) -> [ClaimProof] {
        let end = SQLiteTime.text(now ?? Date(), after: lease)
        return try await transaction("cannot renew leases") { database in
            let statement = try database.cachedStatement(sql: SQLiteStatements.renew)
            return try proofs.filter { proof in
                try statement.execute(arguments: ["id": proof.id, "claim_no": proof.number, "lease_end": end])
                return database.changesCount == 0
            }
        }
    }

    /// Releases rows of this owner that it does not know of.
    public func giveBack(owner: String, except known: [ClaimProof]) async throws(StoreError) -> Int {
        let known = Set(known)
        return try await transaction("cannot give tasks back") { database in
            let held = try Row.fetchAll(
                database.cachedStatement(sql: SQLiteStatements.held),
                arguments: ["owner": owner]
            )
            let unknown = held.compactMap { row -> ClaimProof? in
                row.number(1, in: 0...Int64.max).map { ClaimProof(id: row[0], number: $0) }
            }.filter { !known.contains($0) }
            let settlements = unknown.map { Settlement($0, .release(), record: ResultRecord()) }
            return try database.settle(settlements, now: Date()).count { $0 == .settled }
        }
    }
}
