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

        static func reader(_ columns: Columns) -> (ResultRow) -> Candidate {
            let (priority, runAt, id) = (columns["priority"], columns["run_at"], columns["id"])
            return { row in Candidate(priority: row.double(priority), runAt: row.double(runAt), id: row.integer(id)) }
        }

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
            guard try database.finds(Statements.claimable, ["id": id, "now": SQLiteTime.text(now)]) else { return nil }
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
        let found = try database.rows(
            Statements.crashed,
            [
                "least": isAlone ? ClaimRequest.crashesUntilAlone : 1,
                "most": isAlone ? Int(Int32.max) : ClaimRequest.crashesUntilAlone - 1,
                "names": SQLiteJSON.text(request.names),
                "queues": request.queues?.globs,
                "except": request.queues?.exceptGlobs,
                "now": now,
                "limit": limit + avoided.count,
            ]
        )
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
        _ = try database.first(Statements.setBudget, ["bytes": request.bytes])
        do {
            return try takeAll(chosen, of: lane, for: request, now: now, in: database)
        } catch {
            // What the statement had done is undone. Rarely: large rows behind small ones.
            // Where a trigger has undone the whole transaction, nothing more can be asked in it.
            guard database.isInsideTransaction,
                let left = try database.first(Statements.setBudget, ["bytes": nil]), left <= 0
            else { throw error }
            let first = try chosen.prefix(fitting: request.bytes, in: database)
            _ = try database.first(Statements.setBudget, ["bytes": Int64.max])
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
        // They come in any order.
        let places = Dictionary(uniqueKeysWithValues: chosen.enumerated().map { ($1.id, $0) })
        var tasks = [ClaimedTask?](repeating: nil, count: chosen.count)
        func take<Result>(_ query: Query<Result>, _ task: (Result) -> ClaimedTask) throws {
            let statement = try BareStatement(query, in: database)
            statement.bind(statement.place(of: "ids"), SQLiteJSON.text(chosen.map(\.id)))
            statement.bind(statement.place(of: "owner"), request.owner)
            statement.bind(statement.place(of: "lease_end"), SQLiteTime.text(now, after: request.lease))
            statement.bind(statement.place(of: "now"), SQLiteTime.text(now))
            try statement.forEachRow { row in
                let task = task(row)
                if let place = places[task.proof.id] { tasks[place] = task }
                return true
            }
        }
        if let lane {
            let queue = String(decoding: lane.queue, as: UTF8.self)
            try take(Statements.claimOfLane) { $0.task(name: lane.name, queue: queue) }
        } else {
            try take(Statements.claim) { $0 }
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
        var left = bytes
        return try Array(
            prefix { row in
                guard left > 0 else { return false }
                left -= try database.first(Statements.payloadSize, ["id": row.id]) ?? 0
                return true
            }
        )
    }
}

/// What a claim returns of each row, without what the rows of one lane have in common.
struct Taken {
    private let proof: ClaimProof
    private let data: [UInt8]
    private let attempt: Int
    private let maxAttempts: Int?
    private let timeout: Duration?
    private let token: String?
    private let batch: String?
    private let isCancelRequested: Bool

    static func reader(_ columns: Columns) -> (ResultRow) -> Taken {
        let (id, number, data) = (columns["id"], columns["claim_no"], columns["data"])
        let (attempts, most, timeout) = (columns["attempts"], columns["max_attempts"], columns["timeout_seconds"])
        let (token, batch, isAsked) = (columns["token"], columns["batch"], columns["is_cancel_requested"])
        return { row in
            Taken(
                proof: ClaimProof(id: row.integer(id), number: row.integer(number)),
                data: Array(row.bytes(data)),
                attempt: row.count(attempts),
                maxAttempts: row.limit(most),
                timeout: row.limit(timeout).map { .seconds($0) },
                token: row.textIfAny(token),
                batch: row.textIfAny(batch),
                isCancelRequested: row.flag(isAsked)
            )
        }
    }

    func task(name: String, queue: String, crashes: Int = 0, lockKey: String? = nil) -> ClaimedTask {
        ClaimedTask(
            proof: proof,
            name: name,
            queue: queue,
            data: data,
            attempt: attempt,
            maxAttempts: maxAttempts,
            timeout: timeout,
            crashes: crashes,
            lockKey: lockKey,
            token: token,
            batch: batch,
            isCancelRequested: isCancelRequested
        )
    }
}

extension ClaimedTask {
    static func reader(_ columns: Columns) -> (ResultRow) -> ClaimedTask {
        let taken = Taken.reader(columns)
        let (name, queue) = (columns["task_name"], columns["queue"])
        let (crashes, key) = (columns["crashes"], columns["lock_key"])
        return { row in
            taken(row).task(
                name: row.text(name),
                queue: row.text(queue),
                crashes: row.count(crashes),
                lockKey: row.textIfAny(key)
            )
        }
    }
}
