public import Foundation
import GRDB
import Synchronization
public import TaskRun

extension SQLiteStore {
    /// A row that may be claimed, with what decides its place in the order.
    private struct Candidate {
        let priority: Double
        let runAt: Double
        let id: Int64
        static func inDueOrder(_ one: Candidate, _ other: Candidate) -> Bool {
            (one.priority, one.runAt, one.id) < (other.priority, other.runAt, other.id)
        }
    }

    /// Ends claims and takes new ones, in one transaction.
    ///
    /// With nothing to settle and nothing due no lock is taken: a program without a busy timeout never notices.
    public func settle(
        _ settlements: [Settlement],
        thenClaim request: ClaimRequest?,
        now: Date?
    ) async throws(StoreError) -> Exchange {
        let now = now ?? Date()
        if settlements.isEmpty {
            guard let request, try await isAnythingDue(request, now: now) else {
                return Exchange(results: [], claimed: [])
            }
        }
        return try await transaction("cannot settle and claim tasks") { [self] database in
            let results = try settlements.map { try settle($0, now: now, in: database) }
            let claimed = try request.map { try claim($0, now: now, in: database) } ?? []
            return Exchange(results: results, claimed: claimed)
        }
    }

    private func isAnythingDue(_ request: ClaimRequest, now: Date) async throws(StoreError) -> Bool {
        try await access("cannot look for due tasks") { [self] database in
            let text = SQLiteTime.text(now)
            guard case .usual = request.share else {
                return try !crashed(request, limit: 1, now: text, in: database).isEmpty
            }
            if lanes.withLock({ $0.recall(names: request.names, queues: request.queues) })?.isEmpty == false {
                return true
            }
            let found = try database.lanes(names: request.names, queues: request.queues, now: text)
            lanes.withLock { $0.keep(found, names: request.names, queues: request.queues) }
            return try !found.isEmpty || !crashed(request, limit: 1, now: text, in: database).isEmpty
        }
    }

    private func claim(_ request: ClaimRequest, now: Date, in database: Database) throws -> [ClaimedTask] {
        let text = SQLiteTime.text(now)
        let chosen: [Candidate]
        switch request.share {
        case .alone:
            chosen = try crashed(request, limit: 1, now: text, in: database)
        case .usual(let limit, let most):
            let known = lanes.withLock { $0.recall(names: request.names, queues: request.queues) }
            var fresh = try known.map { try heads(of: $0, limit: limit, now: text, in: database) } ?? []
            if fresh.count < limit {
                // What is remembered may be a second old: look again before coming back short.
                let found = try database.lanes(names: request.names, queues: request.queues, now: text)
                lanes.withLock { $0.keep(found, names: request.names, queues: request.queues) }
                fresh = try heads(of: found, limit: limit, now: text, in: database)
            }
            let careful = try crashed(request, limit: min(most, limit), now: text, in: database)
            chosen = Array((fresh + careful).sorted(by: Candidate.inDueOrder).prefix(limit))
        }
        return try take(chosen, for: request, now: now, in: database)
    }

    /// The first due rows over all lanes.
    ///
    /// Lanes are asked in the order of their priority and of their heads, and only as long as they can still have
    /// something that comes before what was found.
    private func heads(of lanes: [Lane], limit: Int, now: String, in database: Database) throws -> [Candidate] {
        let statement = try database.cachedStatement(sql: SQLiteStatements.headOfLane)
        var found: [Candidate] = []
        for lane in lanes.sorted(by: { ($0.priority, $0.head) < ($1.priority, $1.head) }) {
            if found.count >= limit {
                found.sort(by: Candidate.inDueOrder)
                found.removeLast(found.count - limit)
                guard let last = found.last, (lane.priority, lane.head) <= (last.priority, last.runAt) else { break }
            }
            let rows = try Row.fetchCursor(
                statement,
                arguments: [
                    "name": lane.name, "queue": lane.queue, "priority": lane.priority, "now": now, "limit": limit,
                ]
            )
            while let row = try rows.next() {
                found.append(Candidate(priority: lane.priority, runAt: row[1], id: row[0]))
            }
        }
        return Array(found.sorted(by: Candidate.inDueOrder).prefix(limit))
    }

    private func crashed(_ request: ClaimRequest, limit: Int, now: String, in database: Database) throws -> [Candidate]
    {
        guard limit > 0, !request.names.isEmpty else { return [] }
        let isAlone = request.share == .alone
        let statement = try database.cachedStatement(sql: SQLiteStatements.crashed)
        let rows = try Row.fetchAll(
            statement,
            arguments: [
                "least": isAlone ? ClaimRequest.crashesUntilAlone : 1,
                "most": isAlone ? Int(Int32.max) : ClaimRequest.crashesUntilAlone - 1,
                "names": SQLiteJSON.text(request.names),
                "queues": request.queues.map(SQLiteJSON.text),
                "now": now,
                "limit": limit,
            ]
        )
        return rows.map { Candidate(priority: $0[1], runAt: $0[2], id: $0[0]) }
    }

    private func take(
        _ chosen: [Candidate],
        for request: ClaimRequest,
        now: Date,
        in database: Database
    ) throws -> [ClaimedTask] {
        guard !chosen.isEmpty else { return [] }
        let rows = try Row.fetchAll(
            database.cachedStatement(sql: SQLiteStatements.claim),
            arguments: [
                "ids": SQLiteJSON.text(chosen.map(\.id)),
                "owner": request.owner,
                "lease_end": SQLiteTime.text(now, after: request.lease),
            ]
        )
        let tasks = Dictionary(
            uniqueKeysWithValues: rows.map { row -> (Int64, ClaimedTask) in (row[0], ClaimedTask(row)) }
        )
        return chosen.compactMap { tasks[$0.id] }
    }
}

extension ClaimedTask {
    /// Reads the columns that the claim returns.
    fileprivate init(_ row: Row) {
        self.init(
            proof: ClaimProof(id: row[0], number: row[1]),
            name: row.text(2),
            queue: row.text(3),
            data: Array(row.bytes(4) ?? Data()),
            attempt: row.count(5),
            maxAttempts: row.limit(6),
            timeout: row.limit(7).map { .seconds($0) },
            crashes: row.count(8)
        )
    }
}
