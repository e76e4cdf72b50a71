public import Foundation
import GRDB
import Synchronization
public import TaskRun

extension SQLiteStore {
    /// A row that may be claimed, with what decides its place in the order.
    struct Candidate {
        let priority: Double
        let runAt: Double
        let id: Int64
        var place: (priority: Double, runAt: Double, id: Int64) { (priority, runAt, id) }
        static func inDueOrder(_ one: Candidate, _ other: Candidate) -> Bool { one.place < other.place }
    }

    /// Ends claims and takes new ones, in one transaction.
    ///
    /// With nothing to settle and nothing due no lock is taken: a program without a busy timeout never notices.
    public func settle(
        _ settlements: [Settlement],
        thenClaim request: ClaimRequest?,
        now: Date?
    ) async throws(StoreError) -> Exchange {
        if settlements.isEmpty {
            guard let request, try await isAnythingDue(request, now: now) else {
                return Exchange(results: [], claimed: [])
            }
        }
        do {
            let fitting = request == nil ? nil : avoided.withLock { $0.takeFitting() }
            let request = request?.atMost(fitting)
            let subject = "cannot settle and claim tasks"
            return try await transaction(subject, isAboutRows: true) { [self] database in
                let now = now ?? Date()
                let (results, refusals) = try database.settle(settlements, now: now)
                let newer = request == nil ? nil : try database.newerVersion()
                guard let request, newer == nil else {
                    return Exchange(results: results, claimed: [], refusals: refusals, newerVersion: newer)
                }
                let avoided = avoided.withLock { $0.ids }
                let expired = try database.expire(now: SQLiteTime.text(now), request.retention, except: avoided)
                // Where more have expired they come first: a claim would go past all of them.
                let isFull = expired.count >= ExpiredTask.most
                let isFirst = expiryTurn.withLock { $0.comesFirst(isFull: isFull) }
                let (claimed, isPartial) = isFirst ? ([], true) : try claim(request, now: now, in: database)
                self.avoided.withLock { $0.noteClaim() }
                return Exchange(
                    results: results,
                    claimed: claimed,
                    isPartial: isPartial || isFull || fitting != nil,
                    expired: expired,
                    refusals: refusals
                )
            }
        } catch  where error.code == .refused && settlements.isEmpty {
            guard let request, let exchange = try await passOver(request, now: now ?? Date()) else { throw error }
            return exchange
        }
    }

    func isAnythingDue(_ request: ClaimRequest, now: Date?) async throws(StoreError) -> Bool {
        try await read("cannot look for due tasks") { [self] database in
            let text = SQLiteTime.text(now ?? Date())
            if try database.isAnyExpired(now: text) { return true }
            guard case .usual = request.share else {
                return try !crashed(request, limit: 1, now: text, in: database).isEmpty
            }
            if lanes.withLock({ $0.recall(LaneMemory.Key(request, keyed: false)) })?.isEmpty == false {
                return true
            }
            // Without a write lock as far as possible: of a million lanes most are for later.
            let end = ContinuousClock.now.advanced(by: .milliseconds(500))
            var found = try lookForLanes(request, now: text, in: database)
            while found.due.isEmpty, isSomewhere(request), .now < end {
                found = try lookForLanes(request, now: text, in: database)
            }
            return try !found.due.isEmpty || isSomewhere(request)
                || !crashed(request, limit: 1, now: text, in: database).isEmpty
                || database.isAnyKeyedDue(names: request.names, queues: request.queues, now: text)
        }
    }

    /// Claims one row by its number.
    public func claim(id: Int64, owner: String, lease: Duration) async throws(StoreError) -> ClaimedTask? {
        let request = ClaimRequest(owner: owner, names: [], share: .alone, lease: lease)
        return try await transaction("cannot claim task \(id)") { [self] database in
            guard try database.newerVersion() == nil else { return nil }
            let now = Date()
            let found = try Row.fetchOne(
                database,
                sql: Statements.claimable,
                arguments: ["id": id, "now": SQLiteTime.text(now)]
            )
            guard found != nil else { return nil }
            return try take([Candidate(priority: 0, runAt: 0, id: id)], for: request, now: now, in: database).first
        }
    }

    func claim(
        _ request: ClaimRequest,
        now: Date,
        in database: Database
    ) throws -> ([ClaimedTask], isPartial: Bool) {
        let text = SQLiteTime.text(now)
        switch request.share {
        case .alone:
            let chosen = try crashed(request, limit: 1, now: text, in: database)
            return (try take(chosen, for: request, now: now, in: database), false)
        case .usual(let limit, let most):
            let avoided = avoided.withLock { $0.ids }
            let heads = try heads(request, keyed: false, limit: limit + avoided.count, now: text, in: database)
            let plain = avoided.isEmpty ? heads.rows : heads.rows.filter { !avoided.contains($0.id) }
            let careful = try crashed(request, limit: min(most, limit), now: text, in: database)
            let keyed = try keyed(request, limit: limit, now: text, in: database)
            let chosen = Array((plain + careful + keyed.allowed).sorted(by: Candidate.inDueOrder).prefix(limit))
            // What all of them stand in, if it is one.
            var lane: Lane?
            if heads.lanes.count == 1, careful.isEmpty, keyed.allowed.isEmpty { lane = heads.lanes[0] }
            let claimed = try take(chosen, of: lane, for: request, now: now, in: database)
            let taken = Set(claimed.map(\.proof.id))
            try database.holdKeys(of: keyed.allowed.map(\.id), among: taken)
            // Where the look found no lane, it has advanced already.
            if chosen.isEmpty, !heads.lanes.isEmpty {
                lanes.withLock { $0.advance(LaneMemory.Key(request, keyed: false)) }
            }
            let isPartial = (!keyed.isComplete || isSomewhere(request)) && chosen.count < limit
            remember(heads, after: taken, for: request, keyed: false, now: now)
            if let heads = keyed.heads {
                remember(heads, after: taken.union(keyed.behind), for: request, keyed: true, now: now)
            }
            return (claimed, isPartial)
        }
    }

    /// The first due rows, over lanes that are remembered or looked for.
    func heads(
        _ request: ClaimRequest,
        keyed: Bool,
        limit: Int,
        now: String,
        in database: Database
    ) throws -> Heads {
        let known = lanes.withLock { $0.recall(LaneMemory.Key(request, keyed: keyed)) }
        if let known, !known.isEmpty {
            let heads = try Heads(of: known, keyed: keyed, limit: limit, now: now, in: database)
            // What is remembered may be a second old: look again before coming back short.
            if heads.rows.count >= limit || (isSomewhere(request, keyed: keyed) && !heads.rows.isEmpty) { return heads }
        }
        let lanes = try lookForLanes(request, keyed: keyed, now: now, in: database).due
        return try Heads(of: lanes, keyed: keyed, limit: limit, now: now, in: database)
    }

    /// Whether there are lanes that were not seen yet.
    private func isSomewhere(_ request: ClaimRequest, keyed: Bool = false) -> Bool {
        lanes.withLock { $0.isPartial(LaneMemory.Key(request, keyed: keyed)) }
    }

    /// Looks for lanes; where they are very many, from where the last look ended.
    ///
    /// Behind the last lane comes the first.
    private func lookForLanes(
        _ request: ClaimRequest,
        keyed: Bool = false,
        now: String,
        in database: Database
    ) throws -> LaneLook {
        let key = LaneMemory.Key(request, keyed: keyed)
        let began = ContinuousClock.now
        let found = try database.lanes(
            names: request.names,
            queues: request.queues,
            keyed: keyed,
            now: now,
            from: lanes.withLock { $0.start(key) }
        )
        let look = began.duration(to: .now)
        lanes.withLock { $0.keep(found, for: key, look: look) }
        return found
    }

    /// Keeps the lanes as a claim left them.
    private func remember(_ heads: Heads, after gone: Set<Int64>, for request: ClaimRequest, keyed: Bool, now: Date) {
        let left = heads.lanes(after: gone, now: SQLiteTime.julianDay(now))
        lanes.withLock { $0.keep(left, for: LaneMemory.Key(request, keyed: keyed)) }
    }

    func crashed(_ request: ClaimRequest, limit: Int, now: String, in database: Database) throws -> [Candidate] {
        guard limit > 0, !request.names.isEmpty else { return [] }
        let isAlone = request.share == .alone
        let avoided = avoided.withLock { $0.ids }
        let statement = try database.cachedStatement(sql: Statements.crashed)
        let rows = try Row.fetchAll(
            statement,
            arguments: [
                "least": isAlone ? ClaimRequest.crashesUntilAlone : 1,
                "most": isAlone ? Int(Int32.max) : ClaimRequest.crashesUntilAlone - 1,
                "names": SQLiteJSON.text(request.names),
                "queues": request.queues?.globs,
                "except": request.queues?.exceptGlobs,
                "now": now,
                "limit": limit + avoided.count,
            ]
        )
        let found = rows.map { Candidate(priority: $0[1], runAt: $0[2], id: $0[0]) }
        return Array(found.filter { !avoided.contains($0.id) }.prefix(limit))
    }

    /// Takes these rows, or the first ones of them: no more than the request has room for, and one in any case.
    private func take(
        _ chosen: [Candidate],
        of lane: Lane? = nil,
        for request: ClaimRequest,
        now: Date,
        in database: Database
    ) throws -> [ClaimedTask] {
        guard !chosen.isEmpty else { return [] }
        let budget = try database.cachedStatement(sql: Statements.setBudget)
        _ = try Int64.fetchOne(budget, arguments: ["bytes": request.bytes])
        do {
            return try takeAll(chosen, of: lane, for: request, now: now, in: database)
        } catch {
            // What the statement had done is undone. Rarely: large rows behind small ones.
            // Where a trigger has undone the whole transaction, nothing more can be asked in it.
            guard database.isInsideTransaction,
                let left = try Int64.fetchOne(budget, arguments: ["bytes": nil]), left <= 0
            else { throw error }
            let first = try chosen.prefix(fitting: request.bytes, in: database)
            _ = try Int64.fetchOne(budget, arguments: ["bytes": Int64.max])
            return try takeAll(first, of: lane, for: request, now: now, in: database)
        }
    }

    private func takeAll(
        _ chosen: [Candidate],
        of lane: Lane?,
        for request: ClaimRequest,
        now: Date,
        in database: Database
    ) throws -> [ClaimedTask] {
        let statement = try BareStatement(
            lane == nil ? Statements.claim : Statements.claimOfLane,
            in: database
        )
        statement.bind(statement.place(of: "ids"), SQLiteJSON.text(chosen.map(\.id)))
        statement.bind(statement.place(of: "owner"), request.owner)
        statement.bind(statement.place(of: "lease_end"), SQLiteTime.text(now, after: request.lease))
        statement.bind(statement.place(of: "now"), SQLiteTime.text(now))
        let common = lane.map { (name: $0.name, queue: String(decoding: $0.queue, as: UTF8.self)) }
        // They come in any order.
        let places = Dictionary(uniqueKeysWithValues: chosen.enumerated().map { ($1.id, $0) })
        var tasks = [ClaimedTask?](repeating: nil, count: chosen.count)
        try statement.forEachRow { row in
            if let place = places[row.integer(0)] { tasks[place] = ClaimedTask(row, common) }
            return true
        }
        let taken = tasks.compactMap { $0 }
        // They were seen in the same transaction: what was not changed was skipped by a trigger, or put back by one that comes later.
        guard taken.count == chosen.count,
            try !hasTriggers(in: database) || database.held(chosen.map(\.id), by: request.owner) == chosen.count
        else {
            throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: StoreError.skipped)
        }
        return taken
    }
}

extension [SQLiteStore.Candidate] {
    /// The first ones: each whose payload begins before so many bytes are full.
    fileprivate func prefix(fitting bytes: Int, in database: Database) throws -> Self {
        let statement = try database.cachedStatement(sql: Statements.payloadSize)
        var left = bytes
        return try Array(
            prefix { row in
                guard left > 0 else { return false }
                left -= try Int.fetchOne(statement, arguments: ["id": row.id]) ?? 0
                return true
            }
        )
    }
}

extension ClaimedTask {
    /// Reads the columns that the claim returns, whatever is in them: see `Row+Reading.swift`.
    fileprivate init(_ row: BareStatement.Columns, _ common: (name: String, queue: String)?) {
        self.init(
            proof: ClaimProof(id: row.integer(0), number: row.integer(1)),
            name: common?.name ?? row.text(9),
            queue: common?.queue ?? row.text(10),
            data: Array(row.bytes(2)),
            attempt: row.number(3, from: 0) ?? 0,
            maxAttempts: row.number(4, from: 1),
            timeout: row.number(5, from: 1).map { .seconds($0) },
            crashes: common == nil ? row.number(11, from: 0) ?? 0 : 0,
            lockKey: common != nil || row.isNull(12) ? nil : row.text(12),
            token: row.isNull(6) ? nil : row.text(6),
            batch: row.isNull(7) ? nil : row.text(7),
            isCancelRequested: row.integer(8) != 0
        )
    }
}
