import Platform
import TaskRun

/// Ends claims on one session.
struct Settlements {
    let session: PostgreSQLSession
    let memory: ClaimMemory

    var claims: Claims { Claims(session: session, memory: memory) }

    /// Runs an exchange, and says in its error what kept it from settling: a refusal, or another program's lock.
    ///
    /// A row that was not changed although it still carries its claim becomes ``TaskRun/SettleResult/untouched``.
    func explaining(
        _ settlements: [Settlement],
        _ body: () throws(PostgreSQLFailure) -> Exchange
    ) throws(PostgreSQLFailure) -> Exchange {
        do throws(PostgreSQLFailure) {
            return try findingUntouched(body(), of: settlements)
        } catch {
            guard !settlements.isEmpty else { throw error }
            if error.state == PostgreSQLFailure.lockTimeout {
                throw PostgreSQLFailure(.held, state: error.state, message: error.message)
            }
            if error.code == .locked {
                throw PostgreSQLFailure(.undone, state: error.state, message: error.message)
            }
            throw error.isRefusal ? error.asRefusal : error
        }
    }

    /// Looks at the rows after a statement that did not change them: it may be that a trigger skipped them.
    private func findingUntouched(
        _ exchange: Exchange,
        of settlements: [Settlement]
    ) throws(PostgreSQLFailure) -> Exchange {
        guard exchange.results.contains(.leaseLost) else { return exchange }
        let lost = zip(settlements, exchange.results).filter { $1 == .leaseLost }.map(\.0.proof)
        let gone = Set(try session.rows(of: Request(SettleSQL.lost, ClaimProof.arrays(lost))).map { ClaimProof($0) })
        var found = exchange
        found.results = zip(settlements, exchange.results).map {
            $1 == .leaseLost && !gone.contains($0.proof) ? .untouched : $1
        }
        return found
    }

    /// Settles a batch, and claims nothing.
    func settle(_ batch: SettlementBatch) throws(PostgreSQLFailure) -> Exchange {
        do throws(PostgreSQLFailure) {
            return try settleAlone(batch)
        } catch {
            // The refused row may be the next one of the lock key: that is the trouble of another task.
            guard error.isRefusal, batch.settlements.count == 1, batch.settlements[0].lockKey != nil else {
                throw error
            }
            try session.exchange([.rollback])
            let keeper = memory.history
            return try settleAlone(
                SettlementBatch(batch.settlements, now: batch.now, promotes: false, keeper: keeper)
            )
        }
    }

    private func settleAlone(_ batch: SettlementBatch) throws(PostgreSQLFailure) -> Exchange {
        try givingWay(batch, thenClaim: nil) { () throws(PostgreSQLFailure) in
            guard !batch.hasSequel else { return try settleWithSequel(batch, thenClaim: nil) }
            let answers = try session.exchange([.begin] + batch.requests + [.commit])
            return Exchange(results: batch.results(answers), claimed: [])
        }
    }

    /// Settles a batch, and claims.
    func settle(_ batch: SettlementBatch, thenClaim claim: Claim) throws(PostgreSQLFailure) -> Exchange {
        try givingWay(batch, thenClaim: claim) { () throws(PostgreSQLFailure) in
            try batch.hasSequel
                ? settleWithSequel(batch, thenClaim: claim) : claims.claim(claim, settling: batch)
        }
    }

    /// Settles, does what follows from that, and claims.
    private func settleWithSequel(
        _ batch: SettlementBatch,
        thenClaim claim: Claim?
    ) throws(PostgreSQLFailure) -> Exchange {
        let results = batch.results(try session.exchange([.begin] + batch.requests))
        return try conclude(batch, results, thenClaim: claim)
    }

    /// Settles in the usual way or, if a row that becomes WAITING meets an equal one, in the longer way.
    private func givingWay(
        _ batch: SettlementBatch,
        thenClaim claim: Claim?,
        _ usual: () throws(PostgreSQLFailure) -> Exchange
    ) throws(PostgreSQLFailure) -> Exchange {
        guard !batch.updates.isEmpty else { return try claims.repeating(usual) }
        do throws(PostgreSQLFailure) {
            return try usual()
        } catch {
            guard error.meetsEqual(in: "tasks_dedupe") else { throw error }
            try session.exchange([.rollback])
            try session.exchange([.begin])
            let (results, removed) = try batch.settleGivingWay(in: session)
            return try conclude(batch, results, removed: removed, thenClaim: claim)
        }
    }

    /// Does what follows from settlements, and claims, in the open transaction.
    private func conclude(
        _ batch: SettlementBatch,
        _ results: [SettleResult],
        removed: [RemovedEqual] = [],
        thenClaim claim: Claim?
    ) throws(PostgreSQLFailure) -> Exchange {
        let ended = try batch.conclude(results, removed: removed, in: session)
        let settled = Exchange(
            results: results,
            claimed: [],
            refusals: ended.refusals,
            hasLockedFollower: ended.isPartial
        )
        guard let claim else {
            try session.exchange([.commit])
            return settled
        }
        return settled.followed(by: try claims.lookAndClaim(claim, settling: nil))
    }

    /// Prolongs leases, and returns the proofs that are no longer valid.
    ///
    /// A row that an SQL handler's transaction has locked stays as it is and counts as this run's: no other run can
    /// take it over while it is locked.
    func renew(_ proofs: [ClaimProof], lease: Duration, now: Date?) throws(PostgreSQLFailure) -> [ClaimProof] {
        let arrays = ClaimProof.arrays(proofs)
        let renewal = Request(SettleSQL.renew, arrays + [SQLText.seconds(lease), SQLText.moment(now)])
        do throws(PostgreSQLFailure) {
            let answers = try session.exchange([renewal, Request(SettleSQL.lost, arrays)])
            return answers[SettleSQL.lost].map { ClaimProof($0) }
        } catch {
            throw error.isRefusal ? error.asRefusal : error
        }
    }

    /// Releases the rows of this owner that it does not know of.
    ///
    /// - Returns: How many were released, and whether any is left.
    func releaseUnknown(
        of owner: String,
        except known: [ClaimProof]
    ) throws(PostgreSQLFailure) -> (count: Int, isAnyLeft: Bool) {
        let values = [owner] + ClaimProof.arrays(known)
        let held = try session.exchange([.begin, Request(SettleSQL.held, values)])[SettleSQL.held]
        let count =
            held.isEmpty
            ? 0
            : try release(
                held.map {
                    let (key, batch) = ($0.textIfAny("lock_key"), $0.textIfAny("batch"))
                    return Settlement(releasing: ClaimProof($0), lockKey: key, batch: batch)
                }
            )
        let answers = try session.exchange([Request(SettleSQL.anyHeld, values), .commit])
        return (count, answers[SettleSQL.anyHeld].only.bool("any_held"))
    }

    /// Releases claims in the open transaction, with all that a settlement does.
    private func release(_ settlements: [Settlement]) throws(PostgreSQLFailure) -> Int {
        let batch = SettlementBatch(settlements, now: nil, keeper: memory.history)
        var settled: (results: [SettleResult], removed: [RemovedEqual])
        do throws(PostgreSQLFailure) {
            let answers = try session.exchange([.mark] + batch.requests + [.keep])
            settled = (batch.results(answers), [])
        } catch {
            guard error.meetsEqual(in: "tasks_dedupe") else { throw error.isRefusal ? error.asRefusal : error }
            try session.exchange([.undo, .keep])
            settled = try batch.settleGivingWay(in: session)
        }
        _ = try batch.conclude(settled.results, removed: settled.removed, in: session)
        return settled.results.count(where: \.isReleased)
    }
}
