public import TaskRun

extension PostgreSQLStore {
    /// How many rows one transaction sends back: no lock is held for long.
    private static let retryLimit = 10_000

    /// Sends FAILED rows back to WAITING: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: The numbers of those sent back, smallest first.
    /// - Throws: What the database reports.
    public func retry(
        _ selection: FailedSelection,
        each part: @Sendable ([Int64]) -> Void
    ) async throws(StoreError) -> [Int64] {
        switch selection {
        case .ids(let ids):
            let sentBack = try await retry(Request(DeskSQL.retryThese, [SQLText.array(ids)])).sentBack
            part(sentBack)
            return sentBack
        case .name(let name): return try await retryAll(named: name, part)
        case .all: return try await retryAll(named: nil, part)
        }
    }

    private func retryAll(
        named name: String?,
        _ part: @Sendable ([Int64]) -> Void
    ) async throws(StoreError) -> [Int64] {
        var ids: [Int64] = []
        var removed: Set<Int64> = []
        var last = Int64.min
        while true {
            let found = try await retry(Request(DeskSQL.retryNext, [String(last), name, String(Self.retryLimit)]))
            // One that was sent back may have given way to a newer equal one of a later part.
            guard let end = found.last else { return removed.isEmpty ? ids : ids.filter { !removed.contains($0) } }
            ids += found.sentBack
            removed.formUnion(found.removed)
            last = end
            part(found.sentBack)
        }
    }

    /// What one transaction did.
    private struct Part: Sendable {
        /// The greatest number that was looked at; nil: there was none.
        var last: Int64?
        /// Those that were sent back, smallest number first.
        var sentBack: [Int64] = []
        /// Older equal ones that waited, and gave way.
        var removed: [Int64] = []
    }

    /// Sends rows back; again where an equal one was added at the same moment.
    private func retry(_ request: Request) async throws(StoreError) -> Part {
        try await reach(to: "send tasks back") { session throws(PostgreSQLFailure) in
            for _ in 0..<10 {
                do throws(PostgreSQLFailure) {
                    return try retry(request, in: session)
                } catch {
                    guard error.state == PostgreSQLFailure.uniqueViolation else { throw error }
                    try session.exchange([.rollback])
                }
            }
            throw PostgreSQLFailure(.locked, message: "equal tasks come and go")
        }
    }

    private func retry(_ request: Request, in session: PostgreSQLSession) throws(PostgreSQLFailure) -> Part {
        let limit = SessionSettings.maintenanceLimit
        let answer = try session.exchange([.begin, SessionSettings.insistence, request], within: limit)
        let seen = answer[request.statement].map { (id: $0.integer("id"), isKeyed: $0.bool("is_keyed")) }
        guard let last = seen.last?.id else {
            try session.exchange([.rollback])
            return Part()
        }
        // Most rows have no equal ones: there is nothing to be locked or looked up for them.
        let keyed = seen.filter(\.isKeyed).map(\.id)
        let removal = keyed.isEmpty ? [] : Self.removal(SQLText.array(keyed), count: keyed.count)
        let retry = Request(DeskSQL.retry, [SQLText.array(seen.map(\.id))])
        let answers = try session.exchange(removal + [retry], within: limit)
        let removed = answers[EqualSQL.removeForFailed].map { RemovedEqual($0) }
        let sentBack = answers[DeskSQL.retry]
        let tokens = sentBack.compactMap { $0.textIfAny("token") }
        let drop = tokens.isEmpty ? [] : [Request(DeskSQL.dropResults, [SQLText.array(tokens)])]
        try session.exchange(LockSQL.letGo(removed.compactMap(\.lockKey), after: drop), within: limit)
        try BatchEnds(batches: removed.compactMap(\.batch)).note(now: nil, in: session)
        try session.exchange([.commit], within: limit)
        return Part(last: last, sentBack: sentBack.map { $0.integer("id") }.sorted(), removed: removed.map(\.id))
    }

    /// Locks the groups of equals of these rows, and removes older equal rows that wait.
    private static func removal(_ ids: String, count: Int) -> [Request] {
        let keep = SQLText.array(
            repeatElement(SQLText.seconds(ResultRecord.standardKeep), count: count).map(Optional.some)
        )
        return [
            Request(EqualSQL.lock, [ids]), Request(EqualSQL.keys, [ids, "{}"]),
            Request(EqualSQL.removeForFailed, [ids, ids, keep, nil]),
        ]
    }
}
