public import Foundation
import GRDB
import Synchronization
public import TaskRun

extension SQLiteStore {
    /// What is limited.
    public func limits() async throws(StoreError) -> [TaskLimit] {
        try await access("cannot read the limits") { database in
            try database.rows(Statements.limits)
        }
    }

    /// Claims not more than these limits let.
    ///
    /// No lock is taken while nothing is due: a program without a busy timeout never notices.
    public func claim(
        _ request: ClaimRequest,
        within limits: [TaskLimit.Subject],
        now: Date?
    ) async throws(StoreError) -> Exchange {
        guard try await isAnythingDue(request, now: now) else { return Exchange(results: [], claimed: []) }
        do {
            let fitting = avoided.withLock { $0.takeFitting() }
            let request = request.atMost(fitting)
            return try await transaction("cannot claim tasks", isAboutRows: true) { [self] database in
                if let newer = try database.newerVersion() {
                    return Exchange(results: [], claimed: [], newerVersion: newer)
                }
                let now = now ?? Date()
                let quotas = try limits.compactMap { try database.quota(of: $0, now: now) }
                let avoided = avoided.withLock { $0.ids }
                let expired = try database.expire(now: SQLiteTime.text(now), request.retention, except: avoided)
                let isFull = expired.count >= ExpiredTask.most
                let isFirst = expiryTurn.withLock { $0.comesFirst(isFull: isFull) }
                guard quotas.min() ?? 1 > 0, !isFirst else {
                    return Exchange(results: [], claimed: [], isPartial: isFull, expired: expired)
                }
                let (tasks, isPartial) = try claim(request.atMost(quotas.min()), now: now, in: database)
                self.avoided.withLock { $0.noteClaim() }
                for limit in limits where !tasks.isEmpty { try database.count(tasks.count, begunOf: limit, now: now) }
                return Exchange(
                    results: [],
                    claimed: tasks,
                    isPartial: isPartial || isFull || fitting != nil,
                    expired: expired
                )
            }
        } catch  where error.code == .refused {
            guard let exchange = try await passOver(request, now: now ?? Date()) else { throw error }
            return exchange
        }
    }

    /// Sets or removes a limit.
    public func setLimit(_ limit: TaskLimit) async throws(StoreError) {
        let (kind, name) = (limit.subject.kind, limit.subject.name)
        let isRemoved = limit.running == nil && limit.perMinute == nil
        try await transaction("cannot limit \(kind) \"\(name)\"") { database in
            try database.run(
                isRemoved ? Statements.removeLimit : Statements.setLimit,
                isRemoved
                    ? ["kind": kind, "name": name]
                    : ["kind": kind, "name": name, "running": limit.running, "per_minute": limit.perMinute]
            )
        }
    }
}

extension Database {
    /// How many more a limit lets begin; nil: any number.
    fileprivate func quota(of limit: TaskLimit.Subject, now: Date) throws -> Int? {
        let arguments: StatementArguments = ["kind": limit.kind, "name": limit.name, "now": SQLiteTime.text(now)]
        return try first(Statements.quota, arguments)?.least
    }

    fileprivate func count(_ number: Int, begunOf limit: TaskLimit.Subject, now: Date) throws {
        let now = SQLiteTime.text(now)
        try run(Statements.countBegun, ["kind": limit.kind, "name": limit.name, "now": now, "number": number])
    }
}

extension TaskLimit {
    static func reader(_ columns: Columns) -> (ResultRow) -> TaskLimit {
        let (kind, name) = (columns["kind"], columns["name"])
        let (running, perMinute) = (columns["max_running"], columns["max_per_minute"])
        return { row in
            TaskLimit(
                row.text(kind) == "queue" ? .queue(row.text(name)) : .name(row.text(name)),
                running: row.limit(running, from: 0),
                perMinute: row.limit(perMinute, from: 0)
            )
        }
    }
}

/// What a limit leaves.
struct Quota {
    /// How many more may begin; nil: any number.
    let least: Int?

    static func reader(_ columns: Columns) -> (ResultRow) -> Quota {
        let (running, minute) = (columns["running_left"], columns["minute_left"])
        return { row in
            Quota(least: [running, minute].compactMap { row.isNull($0) ? nil : Int(row.integer($0)) }.min())
        }
    }
}
