import TaskRun

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One claim, within a transaction that the caller begins and ends.
struct Claim: Sendable {
    /// At most this many rows.
    let limit: Int
    /// What the lanes are looked for.
    let key: LaneMemory.Key
    private let request: ClaimRequest
    private let now: String?
    /// How many rows, and with how many crashes, are looked for among those whose runs died.
    private let crashed: (limit: Int, counts: ClosedRange<Int>)
    private let takesFromLanes: Bool

    /// Reads a request; nil where it asks for nothing.
    init?(_ request: ClaimRequest?, now: Date?) {
        guard let request, !request.names.isEmpty, request.queues != [] else { return nil }
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
        self.request = request
        self.now = SQLText.moment(now)
        self.key = LaneMemory.Key(request)
    }

    /// What has to be asked before anything can be taken.
    ///
    /// - Parameter lanes: The lanes, where they are known already.
    /// - Returns: The questions; hand their answers to ``take(in:lanes:answers:)``.
    func questions(knowing lanes: [Lane]?) -> [Request] {
        (takesFromLanes && lanes == nil ? [look] : []) + (crashed.limit > 0 ? [lookForCrashed] : [])
    }

    /// Takes the rows.
    ///
    /// - Parameters:
    ///   - session: Where the transaction is open.
    ///   - known: The lanes, where they were known.
    ///   - answers: To ``questions(knowing:)``.
    /// - Returns: What was claimed, in due order, and the lanes where they were looked for.
    /// - Throws: What the database reports.
    func take(
        in session: PostgreSQLSession,
        lanes known: [Lane]?,
        answers: some BidirectionalCollection<PostgreSQLResult>
    ) throws(PostgreSQLFailure) -> (tasks: [ClaimedTask], lanes: [Lane]?) {
        var found = takesFromLanes && known == nil ? answers.first.map(Self.lanes) : nil
        let locked = crashed.limit > 0 ? answers.last?.rows.map { $0.integer(0) } ?? [] : []
        // Just found lanes stand in the order of their first rows, so the best n rows are in the first n lanes.
        let first = known ?? Array((found ?? []).prefix(limit))
        var (rows, isComplete) = try take(limit, from: first, locked: locked, in: session)
        if rows.count < limit, known != nil {
            // Remembered lanes have less than was asked for: others may have come up meanwhile.
            let new = Self.lanes(try session.exchange([look])[0])
            found = new
            let more = try take(limit - rows.count, from: Array(new.prefix(limit)), locked: [], in: session)
            rows += more.rows
            isComplete = more.isComplete
        }
        let all = found ?? first
        if rows.count < limit, !isComplete || all.count > limit {
            // Other runs took what was seen. What they left is taken lane by lane, the most urgent lane first.
            for lane in all where rows.count < limit {
                rows += try take(limit - rows.count, from: [lane], locked: [], in: session).rows
            }
        }
        return (rows.sorted().map(\.task), found)
    }

    /// One statement's take; complete if nothing that was seen went to others.
    private func take(
        _ limit: Int,
        from lanes: [Lane],
        locked: [Int64],
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> (rows: [Row], isComplete: Bool) {
        let values = [request.owner, SQLText.seconds(request.lease), now, String(limit)]
        if locked.isEmpty && lanes.count < 2 {
            guard let lane = lanes.first else { return ([], true) }
            let request = Request(ClaimSQL.fromLane, values + [lane.name, lane.queue, String(lane.priority)])
            return (try session.exchange([request])[0].rows.map { Row($0, from: 0) }, true)
        }
        let depth = lanes.isEmpty ? 1 : min(limit, 2 * limit / lanes.count + 1)
        let request = Request(
            ClaimSQL.fromLanes,
            values + [
                SQLText.array(lanes.map(\.name)), SQLText.array(lanes.map(\.queue)),
                SQLText.array(lanes.map(\.priority)), SQLText.array(locked), String(depth),
            ]
        )
        let answer = try session.exchange([request])[0].rows
        let rows = answer.filter { $0.integerIfAny(1) != nil }.map { Row($0, from: 1) }
        return (rows, answer.first.map { $0.integer(0) == rows.count } ?? true)
    }

    private var look: Request {
        let names = SQLText.array(request.names)
        guard let queues = request.queues else { return Request(ClaimSQL.lanes, [names, now]) }
        return Request(ClaimSQL.lanesOfQueues, [names, now, SQLText.array(queues)])
    }

    private var lookForCrashed: Request {
        Request(
            ClaimSQL.crashed,
            [
                SQLText.array(request.names), request.queues.map { SQLText.array($0) },
                String(crashed.counts.lowerBound), String(crashed.counts.upperBound), String(crashed.limit), now,
            ]
        )
    }

    private static func lanes(_ result: PostgreSQLResult) -> [Lane] {
        result.rows.map { Lane(name: $0.text(0), queue: $0.text(1), priority: $0.integer(2)) }
    }

    /// A claimed task with its place in due order.
    private struct Row: Comparable {
        let task: ClaimedTask
        private let priority: Int64
        private let runAt: Int64

        init(_ row: PostgreSQLResult.Row, from column: Int) {
            task = ClaimedTask(
                proof: ClaimProof(id: row.integer(column), number: row.integer(column + 1)),
                name: row.text(column + 2),
                queue: row.text(column + 3),
                data: row.bytes(column + 4),
                attempt: Int(row.integer(column + 5)),
                maxAttempts: row.integerIfAny(column + 6).map { Int($0) },
                timeout: row.integerIfAny(column + 7).map { .seconds($0) },
                crashes: Int(row.integer(column + 8))
            )
            priority = row.integer(column + 9)
            runAt = row.integer(column + 10)
        }

        static func < (one: Row, other: Row) -> Bool {
            (one.priority, one.runAt, one.task.id) < (other.priority, other.runAt, other.task.id)
        }
    }
}
