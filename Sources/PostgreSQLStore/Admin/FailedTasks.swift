import TaskRun

/// Makes FAILED rows WAITING again, on one session.
struct FailedTasks {
    /// The most rows of one transaction, so that it holds no lock for long.
    private static let most = 10_000

    let session: PostgreSQLSession

    func retry(_ ids: [Int64]) throws(PostgreSQLFailure) -> Part {
        try retry(Request(AdminSQL.retryThese, [SQLText.array(ids)]))
    }

    /// Retries the next FAILED rows after a number, of one task name or of all.
    func retryNext(after last: Int64, named name: String?) throws(PostgreSQLFailure) -> Part {
        try retry(Request(AdminSQL.retryNext, [String(last), name, String(Self.most)]))
    }

    struct Part: Sendable {
        /// The greatest number that it looked at, or nil if it found none.
        var last: Int64?
        /// The rows that became WAITING, smallest number first.
        var retried: [Int64] = []
        /// Older equal tasks that waited and gave way.
        var removed: [Int64] = []
    }

    /// Retries rows; again if an equal task was added at the same moment.
    private func retry(_ request: Request) throws(PostgreSQLFailure) -> Part {
        for _ in 0..<10 {
            do throws(PostgreSQLFailure) {
                return try retryOnce(request)
            } catch {
                guard error.state == PostgreSQLFailure.uniqueViolation else { throw error }
                try session.exchange([.rollback])
            }
        }
        throw PostgreSQLFailure(.locked, message: "other programs keep adding and removing equal tasks")
    }

    private func retryOnce(_ request: Request) throws(PostgreSQLFailure) -> Part {
        let limit = SessionSettings.maintenanceLimit
        let answer = try session.exchange([.begin, SessionSettings.insistence, request], within: limit)
        let seen = answer[request.statement].map { (id: $0.integer("id"), isKeyed: $0.bool("is_keyed")) }
        guard let last = seen.last?.id else {
            try session.exchange([.rollback])
            return Part()
        }
        // Most rows have no equals: nothing needs to be locked or looked up for them.
        let keyed = seen.filter(\.isKeyed).map(\.id)
        let removal = keyed.isEmpty ? [] : Self.removal(SQLText.array(keyed), count: keyed.count)
        let retry = Request(AdminSQL.retry, [SQLText.array(seen.map(\.id))])
        let answers = try session.exchange(removal + [retry], within: limit)
        let removed = answers[EqualSQL.removeForFailed].map { RemovedEqual($0) }
        let retried = answers[AdminSQL.retry]
        let tokens = retried.compactMap { $0.textIfAny("token") }
        let drop = tokens.isEmpty ? [] : [Request(AdminSQL.dropResults, [SQLText.array(tokens)])]
        let note = HistorySQL.noteLines(removed.map(\.row), .replaced, session.keeper, now: nil)
        try session.exchange(LockSQL.letGo(removed.compactMap(\.lockKey), after: drop + note), within: limit)
        try Batches(session: session).end(BatchCounts(batches: removed.compactMap(\.batch)), now: nil)
        try session.exchange([.commit], within: limit)
        return Part(last: last, retried: retried.map { $0.integer("id") }.sorted(), removed: removed.map(\.id))
    }

    /// Locks the groups of equals of these rows, and removes older equals that wait.
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
