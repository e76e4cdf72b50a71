import Platform
import Synchronization
import TaskRun

/// Claims tasks on one session, in one transaction with the settlements before them.
struct Claims {
    let session: PostgreSQLSession
    let memory: ClaimMemory

    /// Claims one row by its `id`.
    func claim(_ id: Int64, _ request: ClaimRequest, now: Date?) throws(PostgreSQLFailure) -> [ClaimedTask] {
        let values = [
            request.owner, SQLText.seconds(request.lease), SQLText.moment(now), String(id),
            SQLText.array(request.names), request.queues?.expression, SchemaSQL.knownVersion,
        ]
        return try session.rows(of: Request(ClaimSQL.one, values)).map {
            ClaimedTask($0, of: nil, lease: request.lease)
        }
    }

    /// Runs a claim.
    ///
    /// If the table refuses one of its rows, this finds the row and returns an exchange that names it; later claims
    /// pass it over. `claim` is nil if a refusal may be about something else. `isShortened` says whether the run wants
    /// more tasks than the claim. After an error the transaction may be open.
    func passingOver(
        _ claim: Claim?,
        isShortened: Bool,
        _ body: () throws(PostgreSQLFailure) -> Exchange
    ) throws(PostgreSQLFailure) -> Exchange {
        do throws(PostgreSQLFailure) {
            let exchange = try body()
            memory.avoided.withLock { $0.noteClaim() }
            return isShortened ? exchange.followed(by: .unfinished) : exchange
        } catch {
            guard let claim, error.mayBeOfOneRow else { throw error }
            try session.exchange([.rollback])
            if let exchange = try passOver(claim) { return exchange }
            guard error.isRefusal, memory.avoided.withLock({ $0.forgives() }) else { throw error }
            return .unfinished
        }
    }

    /// Finds the rows that the table refuses to let be claimed; later claims pass them over.
    ///
    /// - Returns: An exchange without claims that names them, or nil if there are none.
    private func passOver(_ claim: Claim) throws(PostgreSQLFailure) -> Exchange? {
        let found = try RefusedRows(claim, in: session).find()
        guard !found.rows.isEmpty else { return nil }
        let refused = memory.avoided.withLock { $0.passOver(found.rows, fitting: found.fitting) }
        return Exchange(results: [], claimed: [], isPartial: true, passedOver: refused)
    }

    /// Repeats a claim that meets a lock key which another program has just taken; at most ten times.
    func repeating<Claimed>(_ claim: () throws(PostgreSQLFailure) -> Claimed) throws(PostgreSQLFailure) -> Claimed {
        for _ in 0..<10 {
            do throws(PostgreSQLFailure) {
                return try claim()
            } catch {
                guard error.meetsEqual(in: "tasks_lock_holder") else { throw error }
                try session.exchange([.rollback])
            }
        }
        throw PostgreSQLFailure(.locked, message: "other programs keep claiming tasks with these lock keys")
    }

    /// Settles a batch without a sequel, and claims.
    func claim(_ claim: Claim, settling batch: SettlementBatch) throws(PostgreSQLFailure) -> Exchange {
        if let look = claim.lookBefore, memory.lanes.withLock({ $0.isExhausted(for: claim.key) }) {
            return try self.claim(claim, settling: batch, after: look)
        }
        let (known, isAll) = memory.lanes.withLock { ($0.lanes(for: claim.key) ?? [], $0.isAll(for: claim.key)) }
        guard let request = claim.request(from: known) else {
            return try lookAndClaim(claim, settling: batch)
        }
        // One round trip, and one transaction.
        let answers = try session.exchange(batch.requests + [request])
        let claimed = claim.claimed(answers, from: known)
        let isExhausted = isAll && !claimed.isFull && !claimed.tasks.isEmpty
        memory.lanes.withLock {
            $0.keep(after: claimed, for: claim.key)
            $0.note(isExhausted: isExhausted, for: claim.key)
        }
        return Exchange(
            results: batch.results(answers),
            claimed: claimed.tasks,
            isPartial: !claimed.isFull && !isExhausted
        )
    }

    /// Settles and looks in one transaction, and claims only if the look finds a due task.
    private func claim(
        _ claim: Claim,
        settling batch: SettlementBatch,
        after look: Request
    ) throws(PostgreSQLFailure) -> Exchange {
        let answers = try session.exchange(batch.requests + [look])
        let table = try TableLook(answers)
        memory.lanes.withLock { $0.note(lookedBeforeClaim: table, for: claim.key) }
        let settled = Exchange(
            results: batch.results(answers),
            claimed: [],
            isPartial: table.look.isDue,
            look: table.look.isDue ? nil : table.look
        )
        guard table.look.isDue else { return settled }
        do throws(PostgreSQLFailure) {
            let claimed = try self.claim(claim, settling: SettlementBatch([], now: nil, keeper: memory.history))
            return Exchange(results: settled.results, claimed: []).followed(by: claimed)
        } catch {
            // After a lost answer the table may have claims that the run has to give back: it has to know.
            guard error.code != .unreachable else { throw error }
            // The settlements are committed, and the next claim meets the same trouble.
            return settled
        }
    }

    /// Settles, looks for lanes, and claims from them; without a batch the settlements are done and their transaction
    /// is open.
    func lookAndClaim(_ claim: Claim, settling batch: SettlementBatch?) throws(PostgreSQLFailure) -> Exchange {
        let opening = batch.map { [.begin] + $0.requests } ?? []
        let began = ContinuousClock.now
        let known = claim.usesLanes ? memory.lanes.withLock { $0.known(for: claim.key) } : LaneMemory.Known()
        let answers = try session.exchange(opening + claim.questions(knowing: known))
        let look = began.duration(to: .now)
        let claimed = try open(claim).run(answers, knowing: known, isExpiryFirst: isExpiryFirst)
        let newer = try newerVersion(after: claimed)
        try session.exchange([.commit])
        let isSomewhere = memory.lanes.withLock { memory in
            memory.keep(after: claimed, look: look, knowing: known, for: claim.key)
            return claim.usesLanes && memory.walk(claimed, knowing: known, for: claim.key)
        }
        // Tasks are due and none could be claimed: another run was faster, or the table skips the statement.
        let isTime = memory.avoided.withLock { $0.isTimeToLook(isVain: claimed.isFruitless) }
        memory.lanes.withLock {
            let isExhausted =
                !claimed.isFull && !claimed.hasMore && !isSomewhere && known.isNothing && !claimed.isPassedOver
            $0.note(isExhausted: isExhausted && !claimed.tasks.isEmpty, for: claim.key)
        }
        let isFruitless =
            newer == nil && batch?.settlements.isEmpty ?? false && claimed.isFruitless && known.isNothing
        if isFruitless, isTime, let exchange = try passOver(claim) { return exchange.with(expired: claimed.expired) }
        return Exchange(
            results: batch?.results(answers) ?? [],
            claimed: claimed.tasks,
            // The remembered lanes may not be all.
            // If due tasks could not be claimed, the next claim, without settlements, finds out why.
            isPartial: (claimed.hasMore || !known.isNothing || isSomewhere) && !claimed.isFull
                || batch?.settlements.isEmpty != true && claimed.isFruitless,
            expired: claimed.expired,
            isPassedOver: claimed.isPassedOver || isFruitless && !isTime && !claimed.hasKeyed,
            newerVersion: newer
        )
    }

    /// Claims no more tasks than these limits allow.
    ///
    /// The rows of the limits are locked first, so runs that claim within the same limit do so one after the other.
    func claim(
        _ request: ClaimRequest,
        within limits: [TaskLimit.Subject],
        now: Date?
    ) throws(PostgreSQLFailure) -> Exchange {
        let (avoided, fitting) = memory.avoided.withLock { (Array($0.ids), $0.takeFitting()) }
        let request = request.atMost(fitting)
        let claim = memory.claim(for: request, avoiding: avoided, now: now)
        return try passingOver(claim, isShortened: fitting != nil) { () throws(PostgreSQLFailure) in
            try repeating { () throws(PostgreSQLFailure) in
                try self.claim(request, within: limits, avoiding: avoided, now: now)
            }
        }
    }

    private func claim(
        _ request: ClaimRequest,
        within subjects: [TaskLimit.Subject],
        avoiding avoided: [Int64],
        now: Date?
    ) throws(PostgreSQLFailure) -> Exchange {
        let limits = Limits(session: session)
        let quota = try limits.beginWithQuota(of: subjects, now: now)
        guard let claim = memory.claim(for: request.atMost(quota), avoiding: avoided, now: now) else {
            // Tasks that expired end even if the limits let none start.
            let all = memory.claim(for: request, avoiding: avoided, now: now)
            let (expired, hasMore) = try all.map(open)?.expire() ?? ([], false)
            try session.exchange([.commit])
            return Exchange(results: [], claimed: [], isPartial: hasMore, expired: expired)
        }
        var known = LaneMemory.Known()
        if claim.usesLanes {
            // Lanes are not remembered here, only how far a look came that did not see all of them.
            let all = memory.lanes.withLock { $0.known(for: claim.key) }
            (known.walk, known.keyedWalk) = (all.walk, all.keyedWalk)
        }
        let answers = try session.exchange(claim.questions(knowing: known))
        let claimed = try open(claim).run(answers, knowing: known, isExpiryFirst: isExpiryFirst)
        let isSomewhere =
            claim.usesLanes && memory.lanes.withLock { [known] in $0.walk(claimed, knowing: known, for: claim.key) }
        let newer = try newerVersion(after: claimed)
        let counted = limits.count(claimed.tasks.count, startedUnder: subjects, now: now)
        try session.exchange((claimed.tasks.isEmpty ? [] : [counted]) + [.commit])
        let isTime = memory.avoided.withLock { $0.isTimeToLook(isVain: claimed.isFruitless) }
        if isTime, let exchange = try passOver(claim) { return exchange.with(expired: claimed.expired) }
        return Exchange(
            results: [],
            claimed: claimed.tasks,
            isPartial: (claimed.hasMore || isSomewhere) && !claimed.isFull,
            expired: claimed.expired,
            isPassedOver: claimed.isPassedOver || claimed.isFruitless && !isTime && !claimed.hasKeyed,
            newerVersion: newer
        )
    }

    private func open(_ claim: Claim) -> OpenClaim { OpenClaim(claim: claim, session: session) }

    /// Whether this claim only ends expired tasks; `isFull` says whether as many were found as one claim looks at.
    private func isExpiryFirst(isFull: Bool) -> Bool {
        memory.expiryPriority.withLock { $0.comesFirst(isFull: isFull) }
    }

    /// The version of the tables that a program must know, if due tasks could not be claimed and this one knows only an
    /// older version.
    private func newerVersion(after claimed: ClaimedRows) throws(PostgreSQLFailure) -> Int? {
        guard claimed.isFruitless else { return nil }
        let request = Request(SchemaSQL.newer, [SchemaSQL.knownVersion])
        return try session.rows(of: request).first.map { Int($0.integer("least_version")) }
    }
}
