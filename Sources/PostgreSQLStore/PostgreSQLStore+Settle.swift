public import Platform
import Synchronization
public import TaskRun

extension PostgreSQLStore {
    /// Ends claims and takes new ones, in one transaction: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: One result a settlement, in their order, and what was claimed.
    /// - Throws: What the database reports; then nothing was changed, unless the answer was lost on the way.
    public func settle(
        _ settlements: [Settlement],
        thenClaim request: ClaimRequest?,
        now: Date?
    ) async throws(StoreError) -> Exchange {
        if request != nil, isStandbyMissed {
            // Each commit takes long: what is in hand is settled, and nothing more is claimed.
            guard !settlements.isEmpty else { throw missedStandbyError }
            let exchange = try await settle(settlements, thenClaim: nil, now: now)
            return Exchange(results: exchange.results, claimed: [], isPartial: true, refusals: exchange.refusals)
        }
        let budget = lockBudget
        if settlements.count > 1, settlements.count(where: { $0.lockKey != nil }) > budget {
            let middle = settlements.count / 2
            let first = try await settle(Array(settlements[..<middle]), thenClaim: nil, now: now)
            let rest = try await settle(Array(settlements[middle...]), thenClaim: request, now: now)
            return first.followed(by: rest)
        }
        do {
            return try await settleTogether(settlements, thenClaim: request, now: now)
        } catch {
            guard lockBudget < budget else { throw error }
            return try await settle(settlements, thenClaim: request, now: now)
        }
    }

    private func settleTogether(
        _ settlements: [Settlement],
        thenClaim request: ClaimRequest?,
        now: Date?
    ) async throws(StoreError) -> Exchange {
        let batch = SettlementBatch(settlements, now: now)
        let (passed, fitting) = avoided.withLock { (Array($0.ids), request == nil ? nil : $0.takeFitting()) }
        let found = Claim(
            request?.atMost(fitting),
            now: now,
            lookLimit: lockBudget,
            avoiding: passed,
            checking: hasTriggers.withLock { $0 }
        )
        guard let claim = found else {
            guard !settlements.isEmpty else { return Exchange(results: [], claimed: []) }
            return try await settle(settlements, to: "settle tasks") { session throws(PostgreSQLFailure) in
                do throws(PostgreSQLFailure) {
                    return try settle(batch, in: session)
                } catch {
                    // It may be the next row of its lock key that is refused: that is another task's trouble.
                    guard error.isRefusal, settlements.count == 1, settlements[0].lockKey != nil else { throw error }
                    try session.exchange([.rollback])
                    return try settle(SettlementBatch(settlements, now: now, leadsOn: false), in: session)
                }
            }
        }
        let doing = settlements.isEmpty ? "claim tasks" : "settle and claim tasks"
        return try await settle(settlements, to: doing) { session throws(PostgreSQLFailure) in
            do throws(PostgreSQLFailure) {
                let exchange = try orGivingWay(batch, claim, in: session) { () throws(PostgreSQLFailure) in
                    try batch.hasSequel
                        ? settleWithSequel(batch, claim, in: session) : settle(batch, claim, in: session)
                }
                avoided.withLock { $0.noteClaim() }
                return fitting == nil ? exchange : exchange.followed(by: .unfinished)
            } catch {
                guard settlements.isEmpty, error.mayBeOfOneRow else { throw error }
                try session.exchange([.rollback])
                if let exchange = try passOver(claim, in: session) { return exchange }
                guard error.isRefusal, avoided.withLock({ $0.forgives() }) else { throw error }
                return .unfinished
            }
        }
    }

    private func settle(_ batch: SettlementBatch, in session: PostgreSQLSession) throws(PostgreSQLFailure) -> Exchange {
        try orGivingWay(batch, nil, in: session) { () throws(PostgreSQLFailure) in
            guard !batch.hasSequel else { return try settleWithSequel(batch, nil, in: session) }
            let answers = try session.exchange([.begin] + batch.requests + [.commit])
            return Exchange(results: batch.results(answers), claimed: [])
        }
    }

    /// Settles, and says what keeps it from that: a refusal, or somebody's lock.
    private func settle(
        _ settlements: [Settlement],
        to doing: String,
        _ body: @Sendable (PostgreSQLSession) throws(PostgreSQLFailure) -> Exchange
    ) async throws(StoreError) -> Exchange {
        try await reach(to: doing) { session throws(PostgreSQLFailure) in
            do throws(PostgreSQLFailure) {
                return try body(session).lookingAtUntouched(settlements, in: session)
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
    }

    /// Settles, does what follows on that, and claims.
    private func settleWithSequel(
        _ batch: SettlementBatch,
        _ claim: Claim?,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> Exchange {
        let results = batch.results(try session.exchange([.begin] + batch.requests))
        return try conclude(batch, results, claim, in: session)
    }

    /// Does what follows on settlements, and claims, within the transaction that is open.
    private func conclude(
        _ batch: SettlementBatch,
        _ results: [SettleResult],
        removed: [RemovedEqual] = [],
        _ claim: Claim?,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> Exchange {
        let ended = try batch.conclude(results, removed: removed, in: session)
        guard let claim else {
            try session.exchange([.commit])
            return Exchange(
                results: results,
                claimed: [],
                refusals: ended.refusals,
                hasLockedFollower: ended.isPartial
            )
        }
        let exchange = try look(nil, claim, in: session)
        return Exchange(
            results: results,
            claimed: exchange.claimed,
            isPartial: exchange.isPartial,
            expired: exchange.expired,
            refusals: ended.refusals,
            isPassedOver: exchange.isPassedOver,
            hasLockedFollower: ended.isPartial,
            newerVersion: exchange.newerVersion
        )
    }

    /// The usual way.
    private func settle(
        _ batch: SettlementBatch,
        _ claim: Claim,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> Exchange {
        let known = lanes.withLock { $0.lanes(for: claim.key) } ?? []
        guard let request = claim.request(from: known, in: session) else { return try look(batch, claim, in: session) }
        // One round trip, and one transaction.
        let answers = try session.exchange(batch.requests + [request])
        let taken = claim.taken(answers, from: known)
        lanes.withLock { $0.keep(after: taken, for: claim.key) }
        return Exchange(results: batch.results(answers), claimed: taken.tasks, isPartial: !taken.isFull)
    }

    /// The usual way, and the long one where a row that goes back to WAITING meets an equal one.
    private func orGivingWay(
        _ batch: SettlementBatch,
        _ claim: Claim?,
        in session: PostgreSQLSession,
        _ usual: () throws(PostgreSQLFailure) -> Exchange
    ) throws(PostgreSQLFailure) -> Exchange {
        guard !batch.updates.isEmpty else { return try claimingAgain(in: session, usual) }
        do throws(PostgreSQLFailure) {
            return try usual()
        } catch {
            guard error.meetsEqual(in: "tasks_dedupe") else { throw error }
            try session.exchange([.rollback])
            try session.exchange([.begin])
            let (results, removed) = try batch.settleGivingWay(in: session)
            return try conclude(batch, results, removed: removed, claim, in: session)
        }
    }

    /// A claim that meets a lock key which somebody has just taken by hand is made again; that cannot go on for ever.
    func claimingAgain<Claimed>(
        in session: PostgreSQLSession,
        _ claim: () throws(PostgreSQLFailure) -> Claimed
    ) throws(PostgreSQLFailure) -> Claimed {
        for _ in 0..<10 {
            do throws(PostgreSQLFailure) {
                return try claim()
            } catch {
                guard error.meetsEqual(in: "tasks_lock_holder") else { throw error }
                try session.exchange([.rollback])
            }
        }
        throw PostgreSQLFailure(.locked, message: "holders of lock keys come and go")
    }

    /// Settles, looks for the lanes, and claims from them.
    ///
    /// - Parameters:
    ///   - batch: What to settle; nil: that was done, and the transaction is open.
    ///   - claim: What to claim.
    ///   - session: Where it is done.
    /// - Returns: What came of it.
    /// - Throws: What the database reports.
    private func look(
        _ batch: SettlementBatch?,
        _ claim: Claim,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> Exchange {
        let opening = batch.map { [.begin] + $0.requests } ?? []
        let began = ContinuousClock.now
        let known = claim.takesFromLanes ? lanes.withLock { $0.known(for: claim.key) } : LaneMemory.Known()
        let answers = try session.exchange(opening + claim.questions(knowing: known))
        let look = began.duration(to: .now)
        let taken = try claim.take(
            in: session,
            answers: answers,
            knowing: known,
            expiryComesFirst: expiryComesFirst
        )
        let newer = try newerVersion(after: taken, in: session)
        try session.exchange([.commit])
        let isSomewhere = lanes.withLock { memory in
            memory.keep(after: taken, look: look, knowing: known, for: claim.key)
            return claim.takesFromLanes && memory.walk(taken, knowing: known, for: claim.key)
        }
        // Something is due, and nothing could be taken: another run was faster, or the table skips the statement.
        let isTime = avoided.withLock { $0.isTimeToLook(isVain: taken.isVain) }
        let isVain = newer == nil && batch?.settlements.isEmpty ?? false && taken.isVain && known.isNothing
        if isVain, isTime, let exchange = try passOver(claim, in: session) {
            return exchange.with(expired: taken.expired)
        }
        return Exchange(
            results: batch?.results(answers) ?? [],
            claimed: taken.tasks,
            // What was remembered may not be all.
            // Where nothing came of what is due, the next claim, alone, looks why.
            isPartial: (taken.hasMore || !known.isNothing || isSomewhere) && !taken.isFull
                || batch?.settlements.isEmpty != true && taken.isVain,
            expired: taken.expired,
            isPassedOver: taken.isPassedOver || isVain && !isTime && !taken.hasKeyed,
            newerVersion: newer
        )
    }

    /// Whether nothing is claimed this time, from whether as many have expired as are looked at together.
    func expiryComesFirst(isFull: Bool) -> Bool { expiryTurn.withLock { $0.comesFirst(isFull: isFull) } }

    /// Where something was due and nothing came: the version of the tables that this program had to know.
    func newerVersion(after taken: Taken, in session: PostgreSQLSession) throws(PostgreSQLFailure) -> Int? {
        guard taken.isVain else { return nil }
        return try session.rows(of: Request(SchemaSQL.newer)).first.map { Int($0.integer("least_version")) }
    }

    /// Prolongs leases: see ``TaskRun/TaskStore``.
    ///
    /// A row that an SQL handler's transaction holds is left as it is and counts as this run's: it cannot be taken over
    /// while it is locked.
    ///
    /// - Returns: The proofs that are no longer valid.
    /// - Throws: What the database reports.
    public func renew(
        _ proofs: [ClaimProof],
        lease: Duration,
        now: Date?
    ) async throws(StoreError) -> [ClaimProof] {
        guard !proofs.isEmpty else { return [] }
        let arrays = ClaimProof.arrays(proofs)
        return try await reach(to: "renew leases") { session throws(PostgreSQLFailure) in
            let renewal = Request(SettleSQL.renew, arrays + [SQLText.seconds(lease), SQLText.moment(now)])
            do throws(PostgreSQLFailure) {
                let answers = try session.exchange([renewal, Request(SettleSQL.lost, arrays)])
                return answers[SettleSQL.lost].map { ClaimProof($0) }
            } catch {
                throw error.isRefusal ? error.asRefusal : error
            }
        }
    }
}
