import Platform
import TaskRun

/// One claim in a transaction that the caller begins and ends.
struct OpenClaim {
    let claim: Claim
    let session: PostgreSQLSession

    /// Claims rows in the open transaction; `answers` are those to ``questions(knowing:)``.
    ///
    /// `isExpiryFirst` says whether this claim only ends expired tasks. Its argument says whether as many of them were
    /// found as one claim looks at.
    func run(
        _ answers: Answers,
        knowing known: LaneMemory.Known = LaneMemory.Known(),
        isExpiryFirst: (Bool) -> Bool = { $0 }
    ) throws(PostgreSQLFailure) -> ClaimedRows {
        let careful = answers[ClaimSQL.crashed].map { $0.integerIfAny("id") }
        var locked = careful.compactMap(\.self)
        let expired = ExpiredRows(answers[LockSQL.expire])
        let look = claim.usesLanes ? KeyedLook(answers, known: known.keyed, limit: claim.lookLimit) : nil
        var found = claim.usesLanes && known.lanes.isEmpty ? Claim.lanes(answers) : nil
        if let first = found, !first.rest.isEmpty { found = try goOn(first, knowing: known) }
        let lanes = found?.lanes ?? known.lanes
        let keyed = (look?.held ?? []).filter { !claim.avoided.contains($0) }
        let isCrowded = expired.rows.count >= claim.mostExpired
        guard !isExpiryFirst(isCrowded) else {
            // There are more expired rows. They come first: every look for due rows would read past them.
            _ = try decide([], expired: expired.rows)
            var claimed = ClaimedRows(rows: [], of: claim.limit, lanes: [], firstRows: nil)
            (claimed.hasMore, claimed.expired) = (true, expired.rows.map(\.task))
            return claimed
        }
        let allowed = try decide(keyed, expired: expired.rows)
        locked += allowed
        // Lanes stand in the order of their first rows, so the best n rows are in the first n lanes.
        var (rows, isComplete, firstRows) = try claimRows(claim.limit, from: lanes.prefix(claim.most), locked: locked)
        var left: Int { claim.request.bytes - rows.reduce(0) { $0 + $1.task.data.count } }
        // If the lanes were remembered, others may come before them now: the next claim looks for lanes.
        if known.lanes.isEmpty, rows.count < claim.limit, !isComplete || lanes.count > claim.limit {
            firstRows = nil
            // Other runs took some of these rows. This claims what they left, lane by lane, the most urgent lane first.
            for lane in lanes where rows.count < claim.limit && left > 0 {
                rows += try claimRows(claim.limit - rows.count, bytes: left, from: [lane], locked: []).rows
            }
        }
        try check(rows)
        var claimed = ClaimedRows(rows: rows, of: claim.limit, lanes: lanes, firstRows: firstRows, asked: claim.most)
        claimed.rest = found?.rest
        claimed.keyedRest = look.flatMap { known.keyed.isEmpty ? claim.ends($0.rest, of: known.keyedWalk) : nil }
        claimed.isFruitless = rows.isEmpty && !(lanes.isEmpty && locked.isEmpty && keyed.isEmpty)
        claimed.hasKeyed = !keyed.isEmpty || expired.rows.contains { $0.lockKey != nil }
        // Rows that were locked, or were gone when the claim came to lock them, are looked for again. So are expired
        // rows that were locked.
        claimed.isPassedOver =
            claim.avoided.isEmpty && rows.isEmpty && keyed.isEmpty && expired.rows.isEmpty
            && (expired.hasMore || look?.isPassedOver == true || careful.contains(nil)
                || !(lanes.isEmpty && locked.isEmpty))
        claimed.hasMore = claimed.hasKeyed || isCrowded || (expired.hasMore && !expired.rows.isEmpty)
        let behind = Set(keyed).subtracting(allowed)
        claimed.keyedLanes = look?.left(after: behind.union(claimed.tasks.map(\.proof.id))) ?? []
        claimed.expired = expired.rows.map(\.task)
        return claimed
    }

    /// Checks that these rows are still the run's.
    private func check(_ rows: [ClaimedRows.Row]) throws(PostgreSQLFailure) {
        guard claim.isChecked, !rows.isEmpty else { return }
        let values = ClaimProof.arrays(rows.map(\.task.proof)) + [claim.request.owner]
        try session.exchange([Request(ClaimSQL.runDeferred), Request(ClaimSQL.check, values)])
    }

    /// Makes expired tasks FAILED when nothing may be claimed; returns also whether there are more of them.
    func expire() throws(PostgreSQLFailure) -> ([ExpiredTask], hasMore: Bool) {
        let expired = ExpiredRows(try session.rows(of: claim.lookForExpired))
        _ = try decide([], expired: expired.rows)
        return (expired.rows.map(\.task), expired.hasMore && !expired.rows.isEmpty)
    }

    /// The expired rows that a look found.
    private struct ExpiredRows {
        let rows: [Expired]
        /// Whether there are more, or other transactions have locked some.
        let hasMore: Bool

        init(_ rows: PostgreSQLResult.Rows) {
            self.rows = rows.compactMap { Expired($0) }
            hasMore = self.rows.count < rows.count
        }
    }

    /// A task that did not start in time: a row of `expire.sql`.
    private struct Expired {
        let task: ExpiredTask
        let lockKey: String?
        /// Whether it has a token.
        let isAsked: Bool

        /// Nil for the empty row.
        init?(_ row: PostgreSQLResult.Row) {
            guard let id = row.integerIfAny("id") else { return nil }
            task = ExpiredTask(id: id, name: row.text("task_name"))
            (lockKey, isAsked) = (row.textIfAny("lock_key"), row.bool("is_asked"))
        }
    }

    /// Decides which of the rows with a lock key may be claimed, and puts the others behind.
    ///
    /// It also does what follows from the expiry of rows.
    private func decide(_ keyed: [Int64], expired: [Expired]) throws(PostgreSQLFailure) -> [Int64] {
        let expiredKeys = expired.compactMap(\.lockKey)
        let asked = expired.filter(\.isAsked).map(\.task)
        var requests: [Request] = []
        if !expiredKeys.isEmpty { requests.append(Request(LockSQL.promote, [SQLText.array(expiredKeys), claim.now])) }
        if !asked.isEmpty {
            let keep = SQLText.array(asked.map { SQLText.seconds(claim.request.retention[$0.name]) })
            requests.append(Request(ResultSQL.keepFailed, [SQLText.array(asked.map(\.id)), keep, claim.now]))
        }
        let late = expired.map(\.task.id).sorted()
        requests += HistorySQL.noteEnded(late, .expired, session.keeper, now: claim.now)
        if !keyed.isEmpty {
            let values = [SQLText.array(keyed), claim.now, SQLText.array(claim.avoided), SchemaSQL.knownVersion]
            requests.append(Request(LockSQL.decide, values))
        }
        guard !requests.isEmpty else { return [] }
        return try session.exchange(requests)[LockSQL.decide].map { $0.integer("id") }
    }

    private func claimRows(
        _ limit: Int,
        bytes: Int? = nil,
        from lanes: ArraySlice<Lane>,
        locked: [Int64]
    ) throws(PostgreSQLFailure) -> Claim.Answer {
        guard let request = claim.request(limit, bytes: bytes, from: lanes, locked: locked) else {
            return ([], true, nil)
        }
        return claim.rows(try session.exchange([request]), from: lanes)
    }

    /// The rows that a claim would try, found in a transaction that is undone.
    ///
    /// - Returns: The rows to claim, and the rows to make FAILED because they have expired.
    func candidates() throws(PostgreSQLFailure) -> (due: [Int64], expired: [Int64]) {
        let look = claim.crashed.limit > 0 ? [claim.lookForCrashed] : []
        let late = Request(LockSQL.expired, [claim.now, String(ExpiredTask.most), SQLText.array(claim.avoided)])
        let rest = claim.usesLanes ? [late, claim.lookForKeyed(knowing: LaneMemory.Known()), claim.look] : []
        let answers = try session.exchange([.begin] + look + rest + [.rollback])
        var found = answers[ClaimSQL.crashed].compactMap { $0.integerIfAny("id") }
        guard claim.usesLanes else { return (found, []) }
        found += KeyedLook(answers, known: [], limit: claim.lookLimit).held.filter { !claim.avoided.contains($0) }
        let lanes = Claim.lanes(answers).lanes.prefix(claim.most)
        let depth = lanes.isEmpty ? 1 : min(claim.limit, 2 * claim.limit / lanes.count) + 1
        let values = [String(claim.limit), claim.now] + Lane.arrays(lanes) + [SQLText.array([Int64]()), String(depth)]
        let request = Request(ClaimSQL.candidates, values + [SQLText.array(claim.avoided)])
        let best = lanes.isEmpty ? [] : try session.rows(of: request).map { $0.integer("id") }
        return (found + best, answers[LockSQL.expired].map { $0.integer("id") })
    }

    /// The claim.most looks after the first one in one claim; the next claim goes on from there.
    private static let mostLooks = 5

    /// Looks further along very many lanes.
    private func goOn(_ first: LaneLook, knowing known: LaneMemory.Known) throws(PostgreSQLFailure) -> LaneLook {
        var found = first
        var end = claim.ends(first.rest, of: known.walk)
        for _ in 0..<Self.mostLooks where !end.isEmpty {
            let more = LaneLook(try session.rows(of: claim.look(behind: end)))
            found.lanes += more.lanes
            end = more.rest.isEmpty ? [:] : end.merging(more.rest) { $1 }
        }
        found.rest = end
        if claim.request.queues?.names != nil {
            // The first look went along the requested queues, the others along all queues.
            var seen: Set<Lane.Mark> = []
            found.lanes = found.lanes.filter { seen.insert($0.mark).inserted }
        }
        found.lanes.sort { $0.firstRow < $1.firstRow }
        return found
    }
}
