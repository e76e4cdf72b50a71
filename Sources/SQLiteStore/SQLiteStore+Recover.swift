import Foundation
import GRDB
public import TaskRun

extension SQLiteStore {
    /// Takes over what dead runs left behind, at most 1,000 rows.
    ///
    /// With nothing to take over no lock is taken.
    public func recover(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask] {
        try await endStuck()
        let owners = try await access("cannot look for dead runs") { database in
            try database.rows(Statements.owners)
        }
        // Outside of any transaction: finding out may take a moment.
        var dead: [String] = []
        for owner in owners where await request.isDead(owner) { dead.append(owner) }
        let deadOwners = SQLiteJSON.text(dead)
        @Sendable func arguments(_ now: Date) -> StatementArguments {
            [
                "dead": deadOwners,
                "now": SQLiteTime.text(now),
                "lease_ago": SQLiteTime.text(now.addingTimeInterval(-(request.lease / .seconds(1)))),
            ]
        }
        let isNothing = try await access("cannot look for abandoned tasks") { database in
            try !database.finds(Statements.abandoned, arguments(request.now ?? Date()))
        }
        let runs = SQLiteJSON.text(owners.filter { RunIdentity(text: $0) != nil })
        @Sendable func far(_ now: Date) -> StatementArguments {
            [
                "runs": runs,
                "now": SQLiteTime.text(now),
                "far_of_run": SQLiteTime.text(now, after: request.unbelievable.ofRun),
                "far_of_other": SQLiteTime.text(now, after: request.unbelievable.ofOther),
            ]
        }
        let isFar = try await access("cannot look for leases") { database in
            try database.finds(Statements.far, far(request.now ?? Date()))
        }
        if isNothing, !isFar { return [] }
        let doing = "cannot take over abandoned tasks"
        do {
            return try await transaction(doing, isAboutRows: true) { database in
                guard try database.newerVersion() == nil else { return [] }
                let now = request.now ?? Date()
                if isFar {
                    let end: StatementArguments = ["lease_end": SQLiteTime.text(now, after: request.lease), "id": nil]
                    try database.run(Statements.cut, far(now) + end)
                }
                let rows = try database.rows(Statements.abandoned, arguments(now))
                return try database.takeOver(rows, request, now: now)
            }
        } catch  where error.code == .refused {
            if isFar { try await cutOneByOne(far, request) }
            return try await takeOverOneByOne(arguments, request)
        }
    }

    /// Ends leases that no run can have set each in a transaction of its own: the file refuses one of them.
    private func cutOneByOne(
        _ far: @escaping @Sendable (Date) -> StatementArguments,
        _ request: RecoverRequest
    ) async throws(StoreError) {
        let ids = try await access("cannot look for leases") { database in
            try database.rows(Statements.far, far(request.now ?? Date()))
        }
        for id in ids {
            do {
                try await transaction("cannot end the lease of task \(id)", isAboutRows: true) { database in
                    let now = request.now ?? Date()
                    let end: StatementArguments = ["lease_end": SQLiteTime.text(now, after: request.lease), "id": id]
                    try database.run(Statements.cut, far(now) + end)
                }
            } catch  where error.code == .refused {
                request.refused(id, error.cause)
            }
        }
    }

    /// Takes rows over each in a transaction of its own: the file refuses one of them.
    private func takeOverOneByOne(
        _ arguments: @escaping @Sendable (Date) -> StatementArguments,
        _ request: RecoverRequest
    ) async throws(StoreError) -> [RecoveredTask] {
        let ids = try await access("cannot look for abandoned tasks") { database in
            try database.rows(Statements.abandoned, arguments(request.now ?? Date())).map(\.id)
        }
        var taken: [RecoveredTask] = []
        // The newest first, as of equal ones an older one gives way.
        for id in ids.sorted(by: >) {
            do {
                taken += try await transaction("cannot take over task \(id)", isAboutRows: true) { database in
                    let now = request.now ?? Date()
                    let rows = try database.rows(Statements.abandoned, arguments(now))
                    return try database.takeOver(rows.filter { $0.id == id }, request, now: now)
                }
            } catch  where error.code == .refused {
                request.refused(id, error.cause)
            }
        }
        return taken.sorted { $0.id < $1.id }
    }

    /// Names of WAITING tasks, found by stepping from name to name along the index.
    public func waitingNames(limit: Int) async throws(StoreError) -> [String] {
        guard limit > 0 else { return [] }
        return try await read("cannot read the task names") { try $0.waitingNames(limit: limit) }
    }
}

extension Database {
    /// Names of WAITING tasks, sorted, found by stepping from name to name along the index.
    func waitingNames(limit: Int) throws -> [String] {
        var names = Set(try rows(Statements.crashedNames, ["limit": limit]))
        for query in [Statements.nextWaitingName, Statements.nextKeyedName] {
            var (last, steps) = ([UInt8](), 0)
            while steps < limit, let name = try first(query, ["name": Data(last)]),
                last.lexicographicallyPrecedes(name)
            {
                names.insert(String(decoding: name, as: UTF8.self))
                (last, steps) = (name, steps + 1)
            }
        }
        return Array(names.sorted().prefix(limit))
    }
}

extension Database {
    fileprivate func takeOver(_ rows: [Abandoned], _ request: RecoverRequest, now: Date) throws -> [RecoveredTask] {
        // The newest goes back first: of equal ones an older one gives way.
        var (tasks, batches): ([RecoveredTask], [String]) = ([], rows.compactMap(\.batch))
        for row in rows.sorted(by: { $0.id > $1.id }) {
            let (task, removed) = try takeOver(row, request, now: now)
            tasks.append(task)
            if let removed { batches.append(removed) }
        }
        // Some are FAILED or gone with this.
        try endBatches(batches, now: now)
        return tasks.sorted { $0.id < $1.id }
    }

    /// Takes a row over; tells also the batch of an older equal one that was removed for it.
    private func takeOver(
        _ row: Abandoned,
        _ request: RecoverRequest,
        now: Date
    ) throws -> (RecoveredTask, removed: String?) {
        let (id, name) = (row.id, row.name)
        let crashes = min(row.crashes, Int(Int32.max) - 1) + 1
        let (limit, isCancelled): (Int, Bool) = (request.crashLimit, row.isCancelRequested)
        let status: TaskStatus = crashes >= limit && !isCancelled ? .failed : .waiting
        let leaseEnd = row.leaseEnd.map { SQLiteTime.text($0) }
        let reason =
            row.isDead ? "its process is gone" : leaseEnd.map { "its lease ended at \($0) UTC" } ?? "it left no lease"
        let (gaveWay, removed) = try takeOver(
            id,
            [
                "id": id,
                "status": status.rawValue,
                "crashes": crashes,
                "error": LastError.fit(
                    LastError.crash(
                        owner: row.owner,
                        reason: reason,
                        crashes: crashes,
                        limit: limit,
                        now: SQLiteTime.text(now)
                    )
                ),
            ],
            keep: request.retention[name],
            now: now
        )
        let keep = request.retention[name]
        let isGone = isCancelled && !gaveWay
        if isGone { try removeIfCancelled(id, keep: keep, now: now) }
        if status == .failed { try keepFailed(id, keep: keep, now: now) }
        if let key = row.lockKey, gaveWay || status == .failed {
            try run(Statements.freeFailed, ["id": id])
            try promote(key, now: now)
        }
        let task = RecoveredTask(
            id: id,
            name: name,
            crashes: crashes,
            status: status,
            gaveWay: gaveWay,
            isCancelled: isGone
        )
        return (task, removed)
    }

    /// Takes a row over; where an equal one waits the newer one stays.
    private func takeOver(
        _ id: Int64,
        _ arguments: StatementArguments,
        keep: Duration,
        now: Date
    ) throws -> (gaveWay: Bool, removed: String?) {
        do {
            guard try run(Statements.takeOver, arguments) == 1 else {
                throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: StoreError.skipped)
            }
            return (false, nil)
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            switch try makeWay(for: id, keep: keep, now: now) {
            case nil: throw error
            case .toNewer: return (try giveWay(id, keep: keep, now: now), nil)
            case .forNewer(let batch):
                try run(Statements.takeOver, arguments)
                return (false, batch)
            }
        }
    }
}

/// A row in hand whose lease is over, or whose run is gone.
struct Abandoned {
    let id: Int64
    let name: String
    let crashes: Int
    let owner: String?
    let leaseEnd: Date?
    let isDead: Bool
    let lockKey: String?
    let isCancelRequested: Bool
    let batch: String?

    static func reader(_ columns: Columns) -> (ResultRow) -> Abandoned {
        let (id, name, crashes) = (columns["id"], columns["task_name"], columns["crashes"])
        let (owner, leaseEnd, isDead) = (columns["lease_owner"], columns["lease_expires_at"], columns["is_dead"])
        let (key, isAsked, batch) = (columns["lock_key"], columns["is_cancel_requested"], columns["batch"])
        return { row in
            Abandoned(
                id: row.integer(id),
                name: row.text(name),
                crashes: row.count(crashes),
                owner: row.textIfAny(owner),
                leaseEnd: row.moment(leaseEnd),
                isDead: row.flag(isDead),
                lockKey: row.textIfAny(key),
                isCancelRequested: row.flag(isAsked),
                batch: row.textIfAny(batch)
            )
        }
    }
}
