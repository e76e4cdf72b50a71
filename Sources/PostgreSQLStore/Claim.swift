import Platform
import TaskRun

/// One claim, within a transaction that the caller begins and ends.
///
/// Two steps: what has to be known (``questions(knowing:)``), which travels with the caller's own statements, and the taking
/// (``take(in:answers:knowing:)``). Where the lanes are remembered one statement is enough (``request(from:)``).
struct Claim: Sendable {
    /// At most this many rows.
    let limit: Int
    /// So many lanes are asked at most: two for one row too, as the statement for one lane does not say what that lane
    /// begins with afterwards.
    private var most: Int { max(limit, 2) }
    /// What the lanes are looked for.
    let key: LaneMemory.Key
    private let request: ClaimRequest
    private let now: String?
    /// How many rows, and with how many crashes, are looked for among those whose runs died.
    private let crashed: (limit: Int, counts: ClosedRange<Int>)
    /// How many rows with a lock key are looked at, and at most how many of their keys are locked.
    private let lookLimit: Int
    /// Whether rows are taken that no run died of.
    let takesFromLanes: Bool
    /// Rows that the table does not let be claimed.
    private let avoided: [Int64]
    /// Whether the table has triggers that may put a row back once a claim's statement has ended.
    private let isChecked: Bool

    /// Reads a request; nil where it asks for nothing.
    init?(
        _ request: ClaimRequest?,
        now: Date?,
        lookLimit: Int = LockSQL.lookLimit,
        avoiding avoided: [Int64] = [],
        checking isChecked: Bool = false
    ) {
        (self.avoided, self.isChecked) = (avoided, isChecked)
        guard let request, !request.names.isEmpty, request.queues?.words != [] else { return nil }
        switch request.share {
        case .usual(let limit, let crashed):
            self.limit = limit
            self.crashed = (min(crashed, limit), 1...ClaimRequest.crashesUntilAlone - 1)
            takesFromLanes = true
        case .alone:
            limit = 1
            crashed = (1, ClaimRequest.crashesUntilAlone...Int(Int32.max))
            takesFromLanes = false
        }
        guard limit > 0 else { return nil }
        self.lookLimit = lookLimit
        self.request = request
        self.now = SQLText.moment(now)
        self.key = LaneMemory.Key(request)
    }

    /// What has to be asked before anything can be taken; hand the answers to ``take(in:answers:knowing:)``.
    func questions(knowing known: LaneMemory.Known = LaneMemory.Known()) -> [Request] {
        var questions = crashed.limit > 0 ? [lookForCrashed] : []
        guard takesFromLanes else { return questions }
        questions += [lookForExpired, lookForKeyed(knowing: known)]
        if known.lanes.isEmpty { questions.append(known.walk.start.isEmpty ? look : look(behind: known.walk.start)) }
        return questions
    }

    /// Takes the rows.
    ///
    /// - Parameters:
    ///   - session: Where the transaction is open.
    ///   - answers: To ``questions(knowing:)``.
    ///   - known: What was known.
    ///   - expiryComesFirst: Whether nothing is claimed this time, from whether as many have expired as are looked at together.
    /// - Returns: What was claimed, and what is known of the lanes.
    /// - Throws: What the database reports.
    func take(
        in session: PostgreSQLSession,
        answers: Answers,
        knowing known: LaneMemory.Known = LaneMemory.Known(),
        expiryComesFirst: (Bool) -> Bool = { $0 }
    ) throws(PostgreSQLFailure) -> Taken {
        let careful = answers[ClaimSQL.crashed].map { $0.integerIfAny("id") }
        var locked = careful.compactMap(\.self)
        let late = Late(answers[LockSQL.expire])
        let look = takesFromLanes ? KeyedLook(answers, known: known.keyed, limit: lookLimit) : nil
        var found = takesFromLanes && known.lanes.isEmpty ? Self.lanes(answers) : nil
        if let first = found, !first.rest.isEmpty { found = try goOn(first, knowing: known, in: session) }
        let lanes = found?.lanes ?? known.lanes
        let keyed = (look?.held ?? []).filter { !avoided.contains($0) }
        let isCrowded = late.rows.count >= mostExpired
        guard !expiryComesFirst(isCrowded) else {
            // There are more, which each look at due rows would go past: these come first.
            _ = try decide([], expired: late.rows, in: session)
            var taken = Taken(rows: [], of: limit, lanes: [], heads: nil)
            (taken.hasMore, taken.expired) = (true, late.rows.map(\.task))
            return taken
        }
        let allowed = try decide(keyed, expired: late.rows, in: session)
        locked += allowed
        // Lanes stand in the order of their first rows, so the best n rows are in the first n lanes.
        var (rows, isComplete, heads) = try take(limit, from: lanes.prefix(most), locked: locked, in: session)
        var left: Int { request.bytes - rows.reduce(0) { $0 + $1.task.data.count } }
        // Lanes that were remembered are looked for by the next claim, for these may not be the first ones any more.
        if known.lanes.isEmpty, rows.count < limit, !isComplete || lanes.count > limit {
            heads = nil
            // Other runs took what was seen. What they left is taken lane by lane, the most urgent lane first.
            for lane in lanes where rows.count < limit && left > 0 {
                rows += try take(limit - rows.count, bytes: left, from: [lane], locked: [], in: session).rows
            }
        }
        try check(rows, in: session)
        var taken = Taken(rows: rows, of: limit, lanes: lanes, heads: heads, asked: most)
        taken.rest = found?.rest
        taken.keyedRest = look.flatMap { known.keyed.isEmpty ? ends($0.rest, of: known.keyedWalk) : nil }
        taken.isVain = rows.isEmpty && !(lanes.isEmpty && locked.isEmpty && keyed.isEmpty)
        taken.hasKeyed = !keyed.isEmpty || late.rows.contains { $0.lockKey != nil }
        // What was locked, or had gone when it was to be locked, is looked for again; what has expired and was locked as well.
        taken.isPassedOver =
            avoided.isEmpty && rows.isEmpty && keyed.isEmpty && late.rows.isEmpty
            && (late.hasMore || look?.isPassedOver == true || careful.contains(nil)
                || !(lanes.isEmpty && locked.isEmpty))
        taken.hasMore = taken.hasKeyed || isCrowded || (late.hasMore && !late.rows.isEmpty)
        let behind = Set(keyed).subtracting(allowed)
        taken.keyedLanes = look?.left(after: behind.union(taken.tasks.map(\.proof.id))) ?? []
        taken.expired = late.rows.map(\.task)
        return taken
    }

    /// Looks whether these rows are the run's.
    private func check(_ rows: [Taken.Row], in session: PostgreSQLSession) throws(PostgreSQLFailure) {
        guard isChecked, !rows.isEmpty else { return }
        let values = ClaimProof.arrays(rows.map(\.task.proof)) + [request.owner]
        try session.exchange([Request(ClaimSQL.speak), Request(ClaimSQL.check, values)])
    }

    /// Makes rows FAILED that were not begun in time, where nothing may be claimed; says also whether there are more.
    func expire(in session: PostgreSQLSession) throws(PostgreSQLFailure) -> ([ExpiredTask], hasMore: Bool) {
        let late = Late(try session.rows(of: lookForExpired))
        _ = try decide([], expired: late.rows, in: session)
        return (late.rows.map(\.task), late.hasMore && !late.rows.isEmpty)
    }

    /// What was found to have expired.
    private struct Late {
        let rows: [Expired]
        /// Whether there are more, or other transactions have some locked.
        let hasMore: Bool

        init(_ rows: PostgreSQLResult.Rows) {
            self.rows = rows.compactMap { Expired($0) }
            hasMore = self.rows.count < rows.count
        }
    }

    /// A task that was not begun in time: a row of `expire.sql`.
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

    /// Which of the rows with a lock key may be claimed; the others are put behind.
    ///
    /// Also does what follows on rows that have expired.
    private func decide(
        _ keyed: [Int64],
        expired: [Expired],
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> [Int64] {
        let expiredKeys = expired.compactMap(\.lockKey)
        let asked = expired.filter(\.isAsked).map(\.task)
        var requests: [Request] = []
        if !expiredKeys.isEmpty { requests.append(Request(LockSQL.promote, [SQLText.array(expiredKeys), now])) }
        if !asked.isEmpty {
            let keep = SQLText.array(asked.map { SQLText.seconds(request.retention[$0.name]) })
            requests.append(Request(ResultSQL.keepFailed, [SQLText.array(asked.map(\.id)), keep, now]))
        }
        if !keyed.isEmpty {
            requests.append(Request(LockSQL.decide, [SQLText.array(keyed), now, SQLText.array(avoided)]))
        }
        guard !requests.isEmpty else { return [] }
        return try session.exchange(requests)[LockSQL.decide].map { $0.integer("id") }
    }

    /// The one statement that takes from lanes that are known; nil: there is none.
    func request(from lanes: [Lane], in session: PostgreSQLSession) -> Request? {
        guard takesFromLanes, avoided.isEmpty, !isChecked else { return nil }
        return request(limit, from: lanes.prefix(most), locked: [], in: session)
    }

    /// What the answer to ``request(from:)`` brought.
    func taken(_ answers: Answers, from lanes: [Lane]) -> Taken {
        let answer = rows(answers, from: lanes.prefix(most))
        return Taken(rows: answer.rows, of: limit, lanes: lanes, heads: answer.heads, asked: most)
    }

    /// What one statement took.
    ///
    /// Complete if nothing that was seen went to others. With the first rows that are left, where lanes are many.
    private typealias Answer = (rows: [Taken.Row], isComplete: Bool, heads: [Lane.Mark: Place]?)

    private func take(
        _ limit: Int,
        bytes: Int? = nil,
        from lanes: ArraySlice<Lane>,
        locked: [Int64],
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> Answer {
        guard let request = request(limit, bytes: bytes, from: lanes, locked: locked, in: session) else {
            return ([], true, nil)
        }
        return rows(try session.exchange([request]), from: lanes)
    }

    private func request(
        _ limit: Int,
        bytes: Int? = nil,
        from lanes: ArraySlice<Lane>,
        locked: [Int64],
        in session: PostgreSQLSession
    ) -> Request? {
        let isOld = session.serverVersion < 140_000
        let bytes = String(bytes ?? request.bytes)
        let values = [request.owner, SQLText.seconds(request.lease), now, String(limit)]
        if locked.isEmpty && lanes.isEmpty { return nil }
        if locked.isEmpty && lanes.count < 2 && avoided.isEmpty {
            guard let lane = lanes.first else { return nil }
            let place = [lane.mark.name, lane.mark.queue, String(lane.mark.priority)]
            let statement = isOld ? ClaimSQL.fromLaneBefore14 : ClaimSQL.fromLane
            return Request(statement, values + place + [String(lane.head.runAt), String(lane.head.id), bytes])
        }
        let depth = lanes.isEmpty ? 1 : min(limit, 2 * limit / lanes.count) + 1
        let more = [SQLText.array(locked), String(depth), bytes]
        guard avoided.isEmpty else {
            return Request(
                isOld ? ClaimSQL.fromLanesExceptBefore14 : ClaimSQL.fromLanesExcept,
                values + Lane.arrays(lanes) + more + [SQLText.array(avoided)]
            )
        }
        return Request(isOld ? ClaimSQL.fromLanesBefore14 : ClaimSQL.fromLanes, values + Lane.arrays(lanes) + more)
    }

    /// The rows that a claim would try to take, by statements that lock and change nothing that stays.
    ///
    /// - Returns: What would be claimed, and what would be FAILED as it was not begun in time.
    func candidates(in session: PostgreSQLSession) throws(PostgreSQLFailure) -> (due: [Int64], expired: [Int64]) {
        let look = crashed.limit > 0 ? [lookForCrashed] : []
        let late = Request(LockSQL.late, [now, String(ExpiredTask.most), SQLText.array(avoided)])
        let rest = takesFromLanes ? [late, lookForKeyed(knowing: LaneMemory.Known()), self.look] : []
        let answers = try session.exchange([.begin] + look + rest + [.rollback])
        var found = answers[ClaimSQL.crashed].compactMap { $0.integerIfAny("id") }
        guard takesFromLanes else { return (found, []) }
        found += KeyedLook(answers, known: [], limit: lookLimit).held.filter { !avoided.contains($0) }
        let lanes = Self.lanes(answers).lanes.prefix(most)
        let depth = lanes.isEmpty ? 1 : min(limit, 2 * limit / lanes.count) + 1
        let values = [String(limit), now] + Lane.arrays(lanes) + [SQLText.array([Int64]()), String(depth)]
        let request = Request(ClaimSQL.candidates, values + [SQLText.array(avoided)])
        let best = lanes.isEmpty ? [] : try session.rows(of: request).map { $0.integer("id") }
        return (found + best, answers[LockSQL.late].map { $0.integer("id") })
    }

    /// Tries to claim rows, in a transaction that is undone.
    func trial(of ids: [Int64]) -> Request {
        Request(ClaimSQL.trial, [request.owner, SQLText.seconds(request.lease), now, SQLText.array(ids)])
    }

    /// The statement for one lane returns rows; the one for many says with each row how many there were to claim.
    private func rows(_ answers: Answers, from lanes: ArraySlice<Lane>) -> Answer {
        if let lane = lanes.first?.mark, answers.has(ClaimSQL.fromLane) {
            return (answers[ClaimSQL.fromLane].map { Taken.Row($0, of: lane) }, true, nil)
        }
        var (rows, heads): ([Taken.Row], [Lane.Mark: Place]) = ([], [:])
        var count = 0
        for row in answers[ClaimSQL.fromLanes, ClaimSQL.fromLanesExcept] {
            if let found = row.integerIfAny("rows") {
                count = Int(found)
                if row.integerIfAny("id") != nil { rows.append(Taken.Row(row)) }
            } else {
                let lane = Lane(row)
                heads[lane.mark] = lane.head
            }
        }
        return (rows, count == rows.count, heads)
    }

    private static func lanes(_ answers: Answers) -> LaneLook {
        LaneLook(answers[ClaimSQL.lanes, ClaimSQL.lanesOfQueues, ClaimSQL.moreLanes])
    }

    private var look: Request { Self.look(request.names, request.queues, now: now) }

    /// Looks for the lanes of these names and queues.
    static func look(_ names: [String], _ queues: QueueFilter?, now: String?) -> Request {
        let names = SQLText.array(names)
        guard let list = queues?.names else { return Request(ClaimSQL.lanes, [names, now, queues?.expression]) }
        return Request(ClaimSQL.lanesOfQueues, [names, now, SQLText.array(list)])
    }

    /// Looks for lanes behind those that were seen.
    private func look(behind ends: LaneLook.Ends) -> Request {
        Request(
            ClaimSQL.moreLanes,
            [SQLText.array(request.names), now, request.queues?.expression] + ends.arrays(request.names)
        )
    }

    /// So many looks behind the first one belong to one claim; what is behind is for the next.
    private static let mostLooks = 5

    /// Goes on along the lanes where they are very many.
    private func goOn(
        _ first: LaneLook,
        knowing known: LaneMemory.Known,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> LaneLook {
        var found = first
        var end = ends(first.rest, of: known.walk)
        for _ in 0..<Self.mostLooks where !end.isEmpty {
            let more = LaneLook(try session.rows(of: look(behind: end)))
            found.lanes += more.lanes
            end = more.rest.isEmpty ? [:] : end.merging(more.rest) { $1 }
        }
        found.rest = end
        if request.queues?.names != nil {
            // The first look went along the queues that are asked for, the others along all.
            var seen: Set<Lane.Mark> = []
            found.lanes = found.lanes.filter { seen.insert($0.mark).inserted }
        }
        found.lanes.sort { $0.head < $1.head }
        return found
    }

    /// How far a look came that began where the walk says.
    ///
    /// A look along the queues that are asked for is no part of one along all: that one begins before the first lane.
    private func ends(_ rest: LaneLook.Ends, of walk: LaneWalk) -> LaneLook.Ends {
        guard !rest.isEmpty else { return [:] }
        if walk.start.isEmpty, request.queues?.names != nil { return .start(request.names) }
        return walk.start.merging(rest) { $1 }
    }

    private var mostExpired: Int { min(ExpiredTask.most, 2 * lookLimit) }

    private var lookForExpired: Request {
        Request(LockSQL.expire, [now, String(mostExpired), SQLText.array(avoided)])
    }

    private func lookForKeyed(knowing known: LaneMemory.Known) -> Request {
        let lanes = known.keyed
        let keys = String(min(LockSQL.keys(for: limit), lookLimit))
        guard lanes.isEmpty else {
            let first = Lane.arrays(lanes.prefix(lookLimit)).prefix(3)
            return Request(LockSQL.openOfLanes, first + [now, String(lookLimit), keys])
        }
        let values = [SQLText.array(request.names), now, String(lookLimit)]
        guard let queues = request.queues?.names, known.keyedWalk.start.isEmpty else {
            return Request(
                LockSQL.open,
                values + [request.queues?.expression] + known.keyedWalk.start.arrays(request.names) + [keys]
            )
        }
        return Request(LockSQL.openOfQueues, values + [SQLText.array(queues), keys])
    }

    private var lookForCrashed: Request {
        Request(
            ClaimSQL.crashed,
            [
                SQLText.array(request.names), request.queues?.expression,
                String(crashed.counts.lowerBound), String(crashed.counts.upperBound), String(crashed.limit), now,
                SQLText.array(avoided),
            ]
        )
    }
}
