import Foundation
import GRDB
import Synchronization
import TaskRun

/// Claims due rows within one transaction.
struct Claims {
    /// The most rows with a lock key that one claim looks at.
    private static let keyedLimit = 500

    let database: Database
    let memory: ClaimMemory
    let request: ClaimRequest

    /// The numbers of the rows that claims pass over.
    private var avoided: Set<Int64> { memory.avoided.withLock { $0.ids } }

    /// Whether the request would find a task, or a task has expired.
    func isAnythingDue(now: Date) throws -> Bool {
        let text = SQLiteTime.text(now)
        if try Expiry(database: database).isAnyExpired(now: text) { return true }
        if case .task(let id) = request.share { return try isClaimable(id, now: text) }
        guard case .usual = request.share else { return try !crashed(limit: 1, now: text).isEmpty }
        if memory.lanes.withLock({ $0.recall(LaneMemory.Key(request, keyed: false)) })?.isEmpty == false { return true }
        // Search without a write lock as long as possible: of a million lanes most are for later.
        let end = ContinuousClock.now.advanced(by: .milliseconds(500))
        var found = try findLanes(now: text)
        while found.due.isEmpty, hasUnseenLanes(), .now < end { found = try findLanes(now: text) }
        return try !found.due.isEmpty || hasUnseenLanes() || !crashed(limit: 1, now: text).isEmpty
            || LockLines(database: database).isAnyDue(names: request.names, queues: request.queues, now: text)
    }

    /// Makes expired tasks FAILED and claims due ones, no more than the limits allow.
    ///
    /// `settled` is the same transaction's settlements. `isShortened` says whether the run wants more tasks than the
    /// request.
    func exchange(
        after settled: Exchange,
        within limits: [TaskLimit.Subject],
        isShortened: Bool,
        now: Date
    ) throws -> Exchange {
        if let newer = try Schema(database: database).newerVersion() {
            return Exchange(results: settled.results, claimed: [], refusals: settled.refusals, newerVersion: newer)
        }
        let quota = try limits.compactMap { try Limits(database: database).quota(of: $0, now: now) }.min()
        let expiry = Expiry(database: database)
        let history = History(database: database, keeper: memory.history)
        let text = SQLiteTime.text(now)
        let expired = try expiry.expire(request.retention, except: avoided, noting: history, now: text)
        let isFull = expired.count >= ExpiredTask.most
        // If more tasks have expired they come first: a claim would read past all of them.
        let isExpiryFirst = memory.expiryPriority.withLock { $0.comesFirst(isFull: isFull) }
        var (claimed, isPartial) = ([ClaimedTask](), isFull)
        if quota ?? 1 > 0, !isExpiryFirst {
            let found = try claim(request.atMost(quota).share, now: now)
            (claimed, isPartial) = (found.claimed, found.isPartial || isFull || isShortened)
        }
        if quota ?? 1 > 0 { memory.avoided.withLock { $0.noteClaim() } }
        for limit in limits where !claimed.isEmpty {
            try Limits(database: database).count(claimed.count, startedUnder: limit, now: now)
        }
        return Exchange(
            results: settled.results,
            claimed: claimed,
            isPartial: isPartial,
            expired: expired,
            refusals: settled.refusals
        )
    }

    /// Whether the row with this number may be claimed.
    private func isClaimable(_ id: Int64, now: String) throws -> Bool {
        try database.finds(
            Statements.claimable,
            [
                "id": id, "names": request.names.json, "queues": request.queues?.globs,
                "except": request.queues?.exceptGlobs, "now": now,
            ]
        )
    }

    private func claim(_ share: ClaimRequest.Share, now: Date) throws -> (claimed: [ClaimedTask], isPartial: Bool) {
        let text = SQLiteTime.text(now)
        if case .task(let id) = share {
            let rows = try isClaimable(id, now: text) ? [DueRow(priority: 0, runAt: 0, id: id)] : []
            return (try claim(rows, now: now), false)
        }
        guard case .usual(let limit, let most) = share else {
            return (try claim(try crashed(limit: 1, now: text), now: now), false)
        }
        let avoided = avoided
        let first = try firstRows(keyed: false, limit: limit + avoided.count, now: text)
        let plain = avoided.isEmpty ? first.rows : first.rows.filter { !avoided.contains($0.id) }
        let crashed = try crashed(limit: min(most, limit), now: text)
        let keyed = try keyed(limit: limit, now: text)
        let chosen = Array((plain + crashed + keyed.allowed).sorted(by: DueRow.inDueOrder).prefix(limit))
        // The lane of all of them, if it is only one.
        var lane: Lane?
        if first.lanes.count == 1, crashed.isEmpty, keyed.allowed.isEmpty { lane = first.lanes[0] }
        let claimed = try claim(chosen, of: lane, now: now)
        let ids = Set(claimed.map(\.proof.id))
        try LockLines(database: database).hold(keyed.allowed.map(\.id).filter(ids.contains))
        // If the search found no lane, it has advanced already.
        if chosen.isEmpty, !first.lanes.isEmpty {
            memory.lanes.withLock { $0.advance(LaneMemory.Key(request, keyed: false)) }
        }
        let isPartial = (!keyed.isComplete || hasUnseenLanes()) && chosen.count < limit
        remember(first, after: ids, keyed: false, now: now)
        if let first = keyed.first { remember(first, after: ids.union(keyed.behind), keyed: true, now: now) }
        return (claimed, isPartial)
    }

    /// The rows that a claim would try, and the rows that have expired: to find those that the table refuses.
    func candidates(now: String) throws -> (due: [Int64], late: [Int64]) {
        let avoided = avoided
        let late = try Expiry(database: database).late(except: avoided, now: now)
        if case .task = request.share { return ([], late) }
        guard case .usual(let limit, let most) = request.share else {
            return (try crashed(limit: 1, now: now).map(\.id), late)
        }
        let crashed = try crashed(limit: min(most, limit), now: now)
        let first = try [false, true].flatMap { keyed in
            // As many as a claim looks at, as it marks those behind others.
            try firstRows(keyed: keyed, limit: (keyed ? Self.keyedLimit : limit) + avoided.count, now: now).rows
        }
        return ((first + crashed).map(\.id).filter { !avoided.contains($0) }, late)
    }

    /// The first due rows, over lanes that are remembered or found.
    private func firstRows(keyed: Bool, limit: Int, now: String) throws -> FirstRows {
        let known = memory.lanes.withLock { $0.recall(LaneMemory.Key(request, keyed: keyed)) }
        if let known, !known.isEmpty {
            let first = try FirstRows(of: known, keyed: keyed, limit: limit, now: now, in: database)
            // What is remembered may be a second old: search again before returning too few.
            if first.rows.count >= limit || (hasUnseenLanes(keyed: keyed) && !first.rows.isEmpty) { return first }
        }
        let lanes = try findLanes(keyed: keyed, now: now).due
        return try FirstRows(of: lanes, keyed: keyed, limit: limit, now: now, in: database)
    }

    /// Whether there are lanes that no search has seen yet.
    private func hasUnseenLanes(keyed: Bool = false) -> Bool {
        memory.lanes.withLock { $0.isPartial(LaneMemory.Key(request, keyed: keyed)) }
    }

    /// Searches for lanes, from where the last search ended if they are very many; after the last lane comes the first.
    private func findLanes(keyed: Bool = false, now: String) throws -> LaneSearch {
        let key = LaneMemory.Key(request, keyed: keyed)
        let began = ContinuousClock.now
        let found = try LaneSearch(
            names: request.names,
            queues: request.queues,
            keyed: keyed,
            now: now,
            from: memory.lanes.withLock { $0.start(key) },
            in: database
        )
        let time = began.duration(to: .now)
        memory.lanes.withLock { $0.keep(found, for: key, taking: time) }
        return found
    }

    /// Remembers the lanes as a claim left them.
    private func remember(_ first: FirstRows, after gone: Set<Int64>, keyed: Bool, now: Date) {
        let left = first.lanes(after: gone, now: SQLiteTime.julianDay(now))
        memory.lanes.withLock { $0.keep(left, for: LaneMemory.Key(request, keyed: keyed)) }
    }

    /// The first due rows whose runs died.
    private func crashed(limit: Int, now: String) throws -> [DueRow] {
        guard limit > 0, !request.names.isEmpty else { return [] }
        let isAlone = request.share == .alone
        let avoided = avoided
        let found = try database.rows(
            Statements.crashed,
            [
                "least": isAlone ? ClaimRequest.crashesUntilAlone : 1,
                "most": isAlone ? Int(Int32.max) : ClaimRequest.crashesUntilAlone - 1,
                "names": request.names.json, "queues": request.queues?.globs, "except": request.queues?.exceptGlobs,
                "now": now, "limit": limit + avoided.count,
            ]
        )
        return Array(found.filter { !avoided.contains($0.id) }.prefix(limit))
    }

    /// The due rows with a lock key that one claim looks at.
    private struct KeyedRows {
        /// Those that may be claimed.
        var allowed: [DueRow] = []
        /// Those that may not, and were put behind others.
        var behind: [Int64] = []
        /// Whether these are all.
        var isComplete = true
        /// How they were found, or nil if no row has a lock key.
        var first: FirstRows?
    }

    /// Finds the rows with a lock key that may be claimed, and puts the others behind, so that no claim looks at them
    /// again.
    private func keyed(limit: Int, now: String) throws -> KeyedRows {
        let lines = LockLines(database: database)
        guard limit > 0, try lines.isAnyOpen() else { return KeyedRows() }
        let avoided = avoided
        let most = Self.keyedLimit + avoided.count
        let first = try firstRows(keyed: true, limit: most, now: now)
        var rows = KeyedRows(isComplete: !hasUnseenLanes(keyed: true) && first.rows.count < most, first: first)
        let except = avoided.sorted().json
        for row in first.rows where !avoided.contains(row.id) {
            // They are in due order: no more can be among the first.
            guard rows.allowed.count < limit else { break }
            if try lines.isAllowed(row.id, except: except, now: now) {
                rows.allowed.append(row)
            } else {
                rows.behind.append(row.id)
            }
        }
        try lines.putBehind(rows.behind)
        return rows
    }

    /// Claims the first of these rows: as many as the request has memory for, and at least one.
    private func claim(_ chosen: [DueRow], of lane: Lane? = nil, now: Date) throws -> [ClaimedTask] {
        guard !chosen.isEmpty else { return [] }
        _ = try database.first(Statements.setBudget, ["bytes": request.bytes])
        do {
            return try claimAll(chosen, of: lane, now: now)
        } catch {
            // SQLite has undone the statement. This is rare: large rows after small ones.
            // If a trigger has undone the whole transaction, no more statements can run in it.
            guard database.isInsideTransaction,
                let left = try database.first(Statements.setBudget, ["bytes": nil]), left <= 0
            else { throw error }
            let fitting = try fitting(chosen)
            _ = try database.first(Statements.setBudget, ["bytes": Int64.max])
            return try claimAll(fitting, of: lane, now: now)
        }
    }

    /// The first of these rows: each whose payload begins before the request's bytes are used up.
    private func fitting(_ rows: [DueRow]) throws -> [DueRow] {
        var left = request.bytes
        return try Array(
            rows.prefix { row in
                guard left > 0 else { return false }
                left -= try database.first(Statements.payloadSize, ["id": row.id]) ?? 0
                return true
            }
        )
    }

    private func claimAll(_ chosen: [DueRow], of lane: Lane?, now: Date) throws -> [ClaimedTask] {
        // SQLite returns them in any order.
        let order = Dictionary(uniqueKeysWithValues: chosen.enumerated().map { ($1.id, $0) })
        var tasks = [ClaimedTask?](repeating: nil, count: chosen.count)
        let moment = SQLiteTime.julianDay(now)
        let common = lane.map { (name: $0.name, queue: String(decoding: $0.queue, as: UTF8.self)) }
        let query = Query<(task: ClaimedTask, place: Int)>(sql: Statements.claim.sql) { row in
            let place = order[row.integer("id")]
            // A single row that was asked for has no moment.
            let due = place.flatMap { chosen[$0].runAt > 0 ? SQLiteTime.date(julianDay: chosen[$0].runAt) : nil }
            return (ClaimedTask(row, of: common, due: due), place ?? -1)
        }
        let statement = try BareStatement(query, in: database)
        statement.bind(statement.index(of: "ids"), chosen.map(\.id).json)
        statement.bind(statement.index(of: "owner"), request.owner)
        statement.bind(statement.index(of: "lease_end"), SQLiteTime.text(now, after: request.lease))
        statement.bind(statement.index(of: "now"), SQLiteTime.text(now))
        statement.bind(statement.index(of: "is_lane"), lane == nil ? Int64(0) : 1)
        try statement.forEachRow { found in
            guard tasks.indices.contains(found.place) else { return true }
            tasks[found.place] = found.task
            tasks[found.place]?.waited = chosen[found.place].waited(at: moment)
            return true
        }
        let claimed = tasks.compactMap { $0 }
        // The same transaction saw these rows. If one is missing, a trigger skipped it or changed it back afterwards.
        let trial = ClaimTrial(database: database)
        guard claimed.count == chosen.count,
            try !hasTriggers() || trial.countHeld(chosen.map(\.id), by: request.owner) == chosen.count
        else {
            throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: StoreError.skipped)
        }
        return claimed
    }

    /// Whether `tasks` has triggers of another program; it looks again only after the schema has changed.
    private func hasTriggers() throws -> Bool {
        let version = try database.versionOfSchema()
        if let known = memory.triggers.withLock({ $0 }), known.version == version { return known.exist }
        let exist = try database.first(Statements.anyTrigger) ?? false
        memory.triggers.withLock { $0 = (version, exist) }
        return exist
    }
}
