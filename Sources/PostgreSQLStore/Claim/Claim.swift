import Platform
import TaskRun

/// What one claim asks the database, and what the answers mean.
///
/// It has two steps: its questions (``questions(knowing:)``), which travel with the caller's own statements, and the
/// claiming, by an ``OpenClaim``. If the lanes are remembered, one statement is enough (``request(from:)``).
struct Claim: Sendable {
    /// The most rows.
    let limit: Int
    /// The most lanes that the claim asks.
    ///
    /// For one row it asks two: the statement for one lane does not say which row is the lane's first one afterwards.
    var most: Int { max(limit, 2) }
    /// What the lanes are looked for with.
    let key: LaneMemory.Key
    let request: ClaimRequest
    let now: String?
    /// Among the rows whose runs died: how many to look for, and with how many crashes.
    let crashed: (limit: Int, counts: ClosedRange<Int>)
    /// How many rows with a lock key the claim looks at, and at most how many of their keys it locks.
    let lookLimit: Int
    /// Whether it claims from lanes; else it claims one row whose run died, alone.
    let usesLanes: Bool
    /// Rows that the table refuses to let be claimed.
    let avoided: [Int64]
    /// Whether the table has triggers that may change a row back after a claim's statement.
    let isChecked: Bool

    /// Reads a request, or returns nil if it asks for nothing.
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
            usesLanes = true
        case .alone:
            limit = 1
            crashed = (1, ClaimRequest.crashesUntilAlone...Int(Int32.max))
            usesLanes = false
        case .task:
            return nil
        }
        guard limit > 0 else { return nil }
        self.lookLimit = lookLimit
        self.request = request
        self.now = SQLText.moment(now)
        self.key = LaneMemory.Key(request)
    }

    /// The statements to ask before anything can be claimed; ``OpenClaim`` takes the answers.
    func questions(knowing known: LaneMemory.Known = LaneMemory.Known()) -> [Request] {
        var questions = crashed.limit > 0 ? [lookForCrashed] : []
        guard usesLanes else { return questions }
        questions += [lookForExpired, lookForKeyed(knowing: known)]
        if known.lanes.isEmpty { questions.append(known.walk.start.isEmpty ? look : look(behind: known.walk.start)) }
        return questions
    }

    /// The one statement that claims from remembered lanes, or nil if it cannot be used.
    func request(from lanes: [Lane]) -> Request? {
        guard usesLanes, avoided.isEmpty, !isChecked else { return nil }
        return request(limit, from: lanes.prefix(most), locked: [])
    }

    /// Reads the answer to ``request(from:)``.
    func claimed(_ answers: Answers, from lanes: [Lane]) -> ClaimedRows {
        let answer = rows(answers, from: lanes.prefix(most))
        return ClaimedRows(rows: answer.rows, of: limit, lanes: lanes, firstRows: answer.firstRows, asked: most)
    }

    /// The rows that one statement claimed.
    ///
    /// It is complete if no other run took a row that the statement saw. If there are many lanes, the first rows that
    /// are left are known too.
    typealias Answer = (rows: [ClaimedRows.Row], isComplete: Bool, firstRows: [Lane.Mark: Place]?)

    /// The statement that claims from these lanes, and rows that are locked already; nil if there are neither.
    func request(
        _ limit: Int,
        bytes: Int? = nil,
        from lanes: ArraySlice<Lane>,
        locked: [Int64]
    ) -> Request? {
        let bytes = String(bytes ?? request.bytes)
        let values = [request.owner, SQLText.seconds(request.lease), now, String(limit)]
        if locked.isEmpty && lanes.isEmpty { return nil }
        if locked.isEmpty && lanes.count < 2 && avoided.isEmpty {
            guard let lane = lanes.first else { return nil }
            let place = [lane.mark.name, lane.mark.queue, String(lane.mark.priority)]
            let first = [String(lane.firstRow.runAt), String(lane.firstRow.id)]
            return Request(ClaimSQL.fromLane, values + place + first + [bytes, SchemaSQL.knownVersion])
        }
        let depth = lanes.isEmpty ? 1 : min(limit, 2 * limit / lanes.count) + 1
        let more = [SQLText.array(locked), String(depth), bytes, SQLText.array(avoided), SchemaSQL.knownVersion]
        return Request(ClaimSQL.fromLanes, values + Lane.arrays(lanes) + more)
    }

    /// Tries to claim rows, in a transaction that is undone.
    func trial(of ids: [Int64]) -> Request {
        Request(ClaimSQL.trial, [request.owner, SQLText.seconds(request.lease), now, SQLText.array(ids)])
    }

    /// The statement for one lane returns rows only.
    ///
    /// The one for many lanes returns with each row how many rows there were to claim.
    func rows(_ answers: Answers, from lanes: ArraySlice<Lane>) -> Answer {
        if let lane = lanes.first?.mark, answers.has(ClaimSQL.fromLane) {
            return (answers[ClaimSQL.fromLane].map { ClaimedRows.Row($0, of: lane, lease: request.lease) }, true, nil)
        }
        var (rows, firstRows): ([ClaimedRows.Row], [Lane.Mark: Place]) = ([], [:])
        var count = 0
        for row in answers[ClaimSQL.fromLanes] {
            if let found = row.integerIfAny("rows") {
                count = Int(found)
                if row.integerIfAny("id") != nil { rows.append(ClaimedRows.Row(row, lease: request.lease)) }
            } else {
                let lane = Lane(row)
                firstRows[lane.mark] = lane.firstRow
            }
        }
        return (rows, count == rows.count, firstRows)
    }

    static func lanes(_ answers: Answers) -> LaneLook {
        LaneLook(answers[ClaimSQL.lanes, ClaimSQL.moreLanes])
    }

    var look: Request { Self.look(request.names, request.queues, now: now) }

    /// Looks at everything that the claim would and changes nothing; nil if such a look could not say whether there is
    /// a task to claim.
    var lookBefore: Request? {
        usesLanes && avoided.isEmpty && now == nil ? TableLook.request(request.names, request.queues) : nil
    }

    /// Looks for the lanes of these names and queues.
    static func look(_ names: [String], _ queues: QueueFilter?, now: String?) -> Request {
        let queues = queues?.forLanes()
        return Request(ClaimSQL.lanes, [SQLText.array(names), now, queues?.pattern, queues?.list])
    }

    /// Looks for lanes after those that were seen.
    func look(behind ends: LaneLook.Ends) -> Request {
        Request(
            ClaimSQL.moreLanes,
            [SQLText.array(request.names), now, request.queues?.expression] + ends.arrays(request.names)
        )
    }

    /// How far a look came that began at the start of this walk.
    ///
    /// A look along the requested queues is no part of a walk along all queues: that one begins before the first lane.
    func ends(_ rest: LaneLook.Ends, of walk: LaneWalk) -> LaneLook.Ends {
        guard !rest.isEmpty else { return [:] }
        if walk.start.isEmpty, request.queues?.names != nil { return .start(request.names) }
        return walk.start.merging(rest) { $1 }
    }

    /// The most expired rows that it ends.
    var mostExpired: Int { min(ExpiredTask.most, 2 * lookLimit) }

    var lookForExpired: Request {
        Request(LockSQL.expire, [now, String(mostExpired), SQLText.array(avoided), SchemaSQL.knownVersion])
    }

    func lookForKeyed(knowing known: LaneMemory.Known) -> Request {
        let names = known.keyed.isEmpty ? request.names : []
        let start = known.keyedWalk.start
        let queues = request.queues?.forLanes(isListed: start.isEmpty)
        let keys = String(min(LockSQL.keys(for: limit), lookLimit))
        return Request(
            LockSQL.open,
            [SQLText.array(names), now, String(lookLimit), queues?.pattern] + start.arrays(names)
                + [keys, queues?.list] + Lane.arrays(known.keyed.prefix(lookLimit)).prefix(3)
        )
    }

    var lookForCrashed: Request {
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
