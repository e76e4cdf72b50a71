import Platform
public import TaskRun

/// The history of tasks, on one session.
struct History {
    let session: PostgreSQLSession
    let retention: HistoryRetention

    /// Removes lines that are kept no longer, and returns how many, of the table that had more.
    func prune(failed: ResultRetention, limit: Int) throws(PostgreSQLFailure) -> Int {
        let own = retention.names.sorted { $0.key < $1.key }
        let failures = max(retention.span.upperBound, ([failed.standard] + failed.names.values).max() ?? .zero)
        let lines = Request(
            HistorySQL.prune,
            [
                String(HistoryRetention.most), SQLText.seconds(retention.span.lowerBound),
                SQLText.array(own.map(\.key)), SQLText.array(own.map { SQLText.seconds($0.value ?? .zero) }),
                SQLText.seconds(retention.standard ?? .zero), String(limit),
            ]
        )
        let attempts = Request(
            HistorySQL.pruneFailures,
            [String(HistoryRetention.most), SQLText.seconds(failures), String(limit)]
        )
        let answers = try session.exchange([.begin, SessionSettings.patience, lines, attempts, .commit])
        return max(answers.changedRows(of: HistorySQL.prune), answers.changedRows(of: HistorySQL.pruneFailures))
    }

    /// The lines that a filter selects, the newest first.
    func lines(_ filter: HistoryFilter) throws(PostgreSQLFailure) -> [HistoryLine] {
        try maintaining(Self.request(filter)).map { HistoryLine($0) }
    }

    /// All that is left of a task, or of all tasks that had a token.
    func story(of target: CancelTarget) throws(PostgreSQLFailure) -> TaskStory {
        var filter = HistoryFilter(limit: Int(Int32.max))
        var ids: Set<Int64> = []
        switch target {
        case .id(let id):
            filter.id = id
            ids.insert(id)
        case .token(let token):
            filter.token = token
            ids.formUnion(try session.rows(of: Request(ResultSQL.ids, [SQLText.array([token])])).ids)
        }
        let ends = Array(try lines(filter).reversed())
        ids.formUnion(ends.map(\.id))
        var failures: [FailureLine] = []
        for id in ids.sorted() {
            failures += try session.rows(of: Request(HistorySQL.failures, [String(id)])).map { FailureLine($0) }
        }
        return TaskStory(ends: ends, failures: failures)
    }

    /// The task names of the newest lines, sorted.
    func names(lines: Int) throws(PostgreSQLFailure) -> [String] {
        try maintaining(Request(HistorySQL.names, [String(lines)])).map { $0.text("task_name") }.sorted()
    }

    /// Sends one request with more time than those of runs have.
    private func maintaining(_ request: Request) throws(PostgreSQLFailure) -> PostgreSQLResult.Rows {
        try session.exchange(
            [.begin, SessionSettings.maintenance, request, .commit],
            within: SessionSettings.maintenanceLimit
        )[request.statement]
    }

    private static func request(_ filter: HistoryFilter) -> Request {
        let rest = [
            filter.before.map { String($0) }, filter.name, filter.queue, filter.status?.rawValue,
            SQLText.moment(filter.since), String(max(filter.limit, 0)),
        ]
        guard filter.isKeyed else { return Request(HistorySQL.list, rest) }
        return Request(HistorySQL.keyed, [filter.id.map { String($0) }, filter.token, filter.batch] + rest)
    }
}

extension PostgreSQLStore: HistoryAdministration {
    /// How many lines are looked at for names.
    private static let linesWithNames = 100_000

    /// How long lines are kept, by name.
    public var history: HistoryRetention { memory.history.retention }

    /// Removes lines that are kept no longer.
    public func removeOldHistory(failed: ResultRetention, limit: Int) async throws(StoreError) -> Int {
        try await reach(to: "remove old history") { try History($0, history).prune(failed: failed, limit: limit) }
    }

    /// What keeps the history from being written, once.
    public func takeHistoryTrouble() async -> StoreError? { memory.history.takeTrouble() }

    /// The lines that a filter selects, the newest first.
    public func history(_ filter: HistoryFilter) async throws(StoreError) -> [HistoryLine] {
        try await reach(to: "read the history") { try History($0, history).lines(filter) }
    }

    /// All that is left of a task, or of all tasks that had a token.
    public func story(of target: CancelTarget) async throws(StoreError) -> TaskStory {
        try await reach(to: "read the history") { try History($0, history).story(of: target) }
    }

    /// The task names of the newest lines, sorted.
    public func historyNames() async throws(StoreError) -> [String] {
        try await reach(to: "read the history") { try History($0, history).names(lines: Self.linesWithNames) }
    }
}

extension History {
    fileprivate init(_ session: PostgreSQLSession, _ retention: HistoryRetention) {
        self.init(session: session, retention: retention)
    }
}
