import Platform
import TaskRun

/// The tasks as the commands see them, on one session.
struct Tasks {
    let session: PostgreSQLSession

    func add(_ tasks: [NewTask]) throws(PostgreSQLFailure) -> [AddedTask] {
        try session.exchange([.begin, SessionSettings.tolerance])
        var added: [AddedTask] = []
        for step in TaskInsertion(tasks).steps { added += try add(step) }
        try session.exchange([.commit])
        return added
    }

    private func add(_ step: TaskInsertion.Step) throws(PostgreSQLFailure) -> [AddedTask] {
        // An equal task that waits may be claimed before this reads its number.
        for _ in 0..<10 {
            let rows = try session.rows(of: step.request)
            guard rows.isEmpty, let task = step.tasks.first, let key = task.dedupeKey else {
                guard rows.count == step.tasks.count else { throw .notKept }
                return zip(rows, step.tasks).map { AddedTask(id: $0.integer("id"), name: $1.name) }
            }
            if let equal = try session.rows(of: Request(AdminSQL.equal, [task.name, key])).first {
                return [AddedTask(id: equal.integer("id"), name: task.name, isNew: false)]
            }
        }
        throw PostgreSQLFailure(.locked, message: "other programs keep adding and removing equal tasks")
    }

    /// Rows by the filter, by number.
    func list(_ filter: TaskFilter) throws(PostgreSQLFailure) -> [TaskRow] {
        let ids = SQLText.array(try matching(filter.inParts).map(\.id))
        let request =
            if let bytes = filter.bytes, filter.hasData {
                Request(AdminSQL.listWithinBytes, [ids, filter.isLatest ? "t" : "f", String(bytes)])
            } else {
                Request(AdminSQL.list, [ids, filter.hasData ? "t" : "f"])
            }
        let rows = try looking(request).map { TaskRow($0) }
        return filter.isLatest ? rows.reversed() : rows
    }

    /// Tasks by the filter, by number.
    func matching(_ filter: TaskFilter) throws(PostgreSQLFailure) -> [MatchedTask] {
        try TableWalk<PostgreSQLFailure>(
            page: { (filter, until) throws(PostgreSQLFailure) in try page(filter, until: until) },
            edge: { (filter, rows) throws(PostgreSQLFailure) in
                let statement = filter.isLatest ? AdminSQL.edgeLatest : AdminSQL.edge
                let request = Request(statement, [filter.after.map { String($0) }, String(rows)])
                return try looking(request).first.map { $0.integer("id") }
            },
            next: { (filter) throws(PostgreSQLFailure) in
                let statement = filter.isLatest ? AdminSQL.nextMatchLatest : AdminSQL.nextMatch
                let values = [
                    filter.token, filter.batch, filter.status?.rawValue, filter.name, filter.after.map { String($0) },
                ]
                return try looking(Request(statement, values)).first?.integerIfAny("id")
            },
            late: { .late }
        ).rows(filter)
    }

    /// The rows of a part of the table.
    private func page(_ filter: TaskFilter, until: Int64?) throws(PostgreSQLFailure) -> [MatchedTask] {
        let values = [
            filter.status?.rawValue, filter.name, filter.queue, filter.batch, filter.lockKey, filter.token,
            filter.age.map(SQLText.seconds), (filter.data?.steps).map { SQLText.array($0) }, filter.data?.value,
            filter.after.map { String($0) }, until.map { String($0) }, String(max(filter.limit, 0)),
        ]
        let statement = filter.isLatest ? AdminSQL.matchingLatest : AdminSQL.matching
        return try looking(Request(statement, values)).map { MatchedTask($0) }
    }

    /// Sends one request that is planned for its values, with the time that a look has.
    private func looking(_ request: Request) throws(PostgreSQLFailure) -> PostgreSQLResult.Rows {
        try session.look([.begin, SessionSettings.lookingAtValues, request, .commit])[request.statement]
    }

    func show(_ id: Int64) throws(PostgreSQLFailure) -> TaskRow? {
        try session.rows(of: Request(AdminSQL.show, [String(id)])).first.map { TaskRow($0) }
    }

    /// Counts by queue, name and state, and the holders of leases, all at one moment.
    func summary() throws(PostgreSQLFailure) -> TableSummary {
        let opening = [.beginSnapshot, SessionSettings.looking, Request(AdminSQL.totals, [Self.mostAndMore])]
        guard let row = try session.look(opening)[AdminSQL.totals].first else {
            preconditionFailure("a query without FROM returns a row")
        }
        let totals = Totals(row)
        let limits = CountLimits(waiting: totals.waiting, failed: totals.failed)
        let (most, ofLane) = (String(CountLimits.mostLines), String(limits.ofLane))
        let counts = [
            Request(AdminSQL.countPlain, [most, ofLane]), Request(AdminSQL.countKeyed, [most, ofLane]),
            Request(AdminSQL.countRest, [String(CountLimits.mostFailed)]),
            Request(AdminSQL.countFailed, [most, String(limits.ofFailedName)]),
        ]
        let others = [AdminSQL.holders, CheckSQL.horizonHolder, AdminSQL.paused].map { Request($0) }
        return TableSummary(try session.look(counts + others + [.commit]), totals, limits)
    }

    private static let mostAndMore = String(TableSummary.mostCounted + 1)

    /// Names of WAITING tasks, sorted.
    func waitingNames(limit: Int) throws(PostgreSQLFailure) -> [String] {
        let request = Request(RecoverSQL.waitingNames, [String(min(limit, Int(Int32.max)))])
        return try session.rows(of: request).map { $0.text("task_name") }
    }

    func hasten(_ ids: [Int64]) throws(PostgreSQLFailure) -> [Int64] {
        let request = Request(AdminSQL.hasten, [SQLText.array(ids)])
        let requests = [.begin, SessionSettings.insistence, request, .commit]
        let answers = try session.exchange(requests, within: SessionSettings.maintenanceLimit)
        return answers[AdminSQL.hasten].map { $0.integer("id") }.sorted()
    }

    /// FAILED rows that are kept no longer.
    func oldFailed(_ keep: ResultRetention, limit: Int) throws(PostgreSQLFailure) -> [MatchedTask] {
        let own = keep.names.sorted { $0.key < $1.key }
        let values = [
            SQLText.array(own.map(\.key)), SQLText.array(own.map { SQLText.seconds($0.value) }),
            SQLText.seconds(keep.standard), nil, String(limit),
        ]
        return try session.rows(of: Request(AdminSQL.oldFailed, values)).map { MatchedTask($0) }
    }

    /// Removes rows that are not PROCESSING, or only FAILED ones, and returns their numbers.
    ///
    /// It locks the lock keys before the rows: a run may be about to make such a row the next one of its key.
    func delete(_ ids: [Int64], onlyFailed: Bool = false) throws(PostgreSQLFailure) -> [Int64] {
        let ids = [SQLText.array(ids)]
        let keys = try session.rows(of: Request(AdminSQL.lockKeys, ids)).map { $0.text("lock_key") }
        let delete = Request(AdminSQL.delete, ids + [onlyFailed ? "t" : "f"])
        let opening = [.begin, SessionSettings.insistence] + LockSQL.letGo(keys, after: [delete])
        let gone = try session.exchange(opening, within: SessionSettings.maintenanceLimit)[AdminSQL.delete]
        let rows = gone.map { EndedRow($0) }
        try Batches(session: session).end(BatchCounts(batches: rows.compactMap(\.batch)), now: nil)
        try session.exchange(HistorySQL.noteLines(rows, .deleted, session.keeper, now: nil) + [.commit])
        return rows.map(\.id).sorted()
    }
}
