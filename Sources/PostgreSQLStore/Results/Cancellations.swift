import TaskRun

/// Cancels tasks, on one session.
struct Cancellations {
    let session: PostgreSQLSession

    func requests(among proofs: [ClaimProof]) throws(PostgreSQLFailure) -> [ClaimProof] {
        let request = Request(ResultSQL.cancelRequests, ClaimProof.arrays(proofs))
        return try session.rows(of: request).map { ClaimProof($0) }
    }

    /// Cancels tasks: waiting ones at once, running ones by a request to their runs.
    ///
    /// Each request is a transaction of its own: a run that settles the task may want the next task of its lock key at
    /// the same moment. Waiting tasks are removed afterwards, and their keys are locked first; see `lock_keys.sql`. A
    /// run that claims one in between sees that it is to be cancelled.
    func cancel(_ targets: [CancelTarget], retention: ResultRetention) throws(PostgreSQLFailure) -> [CancelOutcome] {
        var (ids, tokens): ([Int64], [String]) = ([], [])
        for target in targets {
            switch target {
            case .id(let id): ids.append(id)
            case .token(let token): tokens.append(token)
            }
        }
        let known = try session.rows(of: Request(ResultSQL.ids, [SQLText.array(tokens)]))
        let numbers = Dictionary(
            known.map { ($0.text("token"), $0.integer("id")) },
            uniquingKeysWith: { first, _ in first }
        )
        let all = Set(ids + numbers.values).sorted()
        var isWaiting: [Int64: Bool] = [:]
        var waiting: [CancelledTask] = []
        for id in all {
            switch try request(id) {
            case .nowhere: continue
            case .besideRow: isWaiting[id] = false
            case .inRow(let task):
                isWaiting[id] = task.isWaiting
                if task.isWaiting { waiting.append(task) }
            }
        }
        let answers = try remove(waiting, retention, thenLookAt: all, tokens)
        let there = Set(answers[AdminSQL.there].map { $0.integer("id") })
        // Claimed in between: its run cancels it.
        for task in waiting where there.contains(task.id) { isWaiting[task.id] = false }
        let ends = answers[ResultSQL.results].compactMap { TokenState($0) }
        return targets.map { target in
            let id: Int64? =
                switch target {
                case .id(let id): id
                case .token(let token): numbers[token]
                }
            if let id, let wasWaiting = isWaiting[id] { return wasWaiting ? .cancelled : .asked }
            if let id, there.contains(id) { return .failed }
            guard case .token(let token) = target, let end = ends.first(where: { $0.token == token }) else {
                return .unknown
            }
            return ResultState(rawValue: end.state.rawValue).map(CancelOutcome.ended) ?? .unknown
        }
    }

    /// Where a cancellation was requested.
    private enum Place {
        case inRow(CancelledTask), besideRow
        /// No row can be cancelled.
        case nowhere
    }

    /// Requests the cancellation of one task, in its row or, if its SQL file has locked that, beside it.
    private func request(_ id: Int64) throws(PostgreSQLFailure) -> Place {
        let request = Request(ResultSQL.requestCancel, [String(id)])
        do throws(PostgreSQLFailure) {
            let answers = try session.exchange([.begin, SessionSettings.haste(isAlone: true), request, .commit])
            return answers[ResultSQL.requestCancel].first.map { .inRow(CancelledTask(id, $0)) } ?? .nowhere
        } catch {
            guard error.state == PostgreSQLFailure.lockTimeout else { throw error }
            try session.exchange([.rollback])
        }
        let beside = Request(ResultSQL.requestCancelBeside, [String(id)])
        let isBeside = try !session.exchange([.begin, beside, .commit])[ResultSQL.requestCancelBeside].isEmpty
        if isBeside { return .besideRow }
        let answers = try session.exchange(
            [.begin, SessionSettings.insistence, request, .commit],
            within: SessionSettings.maintenanceLimit
        )
        return answers[ResultSQL.requestCancel].first.map { .inRow(CancelledTask(id, $0)) } ?? .nowhere
    }

    /// Removes waiting tasks; the answers say which rows and which results are there afterwards.
    private func remove(
        _ waiting: [CancelledTask],
        _ retention: ResultRetention,
        thenLookAt ids: [Int64],
        _ tokens: [String]
    ) throws(PostgreSQLFailure) -> Answers {
        let limit = SessionSettings.maintenanceLimit
        let rows = waiting.map { ($0.id, retention[$0.name]) }
        let removal = ResultSQL.removeCancelled(rows, now: nil, session.keeper)
        let requests = LockSQL.letGo(waiting.compactMap(\.lockKey), after: removal)
        try session.exchange([.begin, SessionSettings.insistence] + requests, within: limit)
        try Batches(session: session).end(BatchCounts(batches: waiting.compactMap(\.batch)), now: nil)
        let looks = [
            Request(AdminSQL.there, [SQLText.array(ids)]), Request(ResultSQL.results, [SQLText.array(tokens)]), .commit,
        ]
        return try session.exchange(looks, within: limit)
    }

    /// A row of `result_request_cancel.sql`.
    private struct CancelledTask {
        let id: Int64
        let name: String
        let isWaiting: Bool
        let lockKey, batch: String?

        init(_ id: Int64, _ row: PostgreSQLResult.Row) {
            (self.id, name, isWaiting) = (id, row.text("task_name"), row.bool("is_waiting"))
            (lockKey, batch) = (row.textIfAny("lock_key"), row.textIfAny("batch"))
        }
    }
}
