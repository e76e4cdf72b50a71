public import Platform
public import TaskRun

extension PostgreSQLStore {
    /// Writes progress down: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: Those whose rows somebody has locked.
    /// - Throws: What the database reports.
    public func note(_ progress: [ClaimProof: ProgressNote]) async throws(StoreError) -> [ClaimProof] {
        let said = Array(progress)
        let request = Request(
            ResultSQL.progress,
            ClaimProof.arrays(said.map(\.key)) + [
                SQLText.array(said.map { String($0.value.progress.done) }),
                SQLText.array(said.map { $0.value.progress.total.map { String($0) } }),
                SQLText.array(said.map(\.value.note)),
            ]
        )
        return try await reach(to: "write progress") { session throws(PostgreSQLFailure) in
            try session.rows(of: request).map { ClaimProof($0) }
        }
    }

    /// Which claims somebody has asked to cancel: see ``TaskRun/TaskStore``.
    ///
    /// - Throws: What the database reports.
    public func cancelRequests(among proofs: [ClaimProof]) async throws(StoreError) -> [ClaimProof] {
        let request = Request(ResultSQL.cancelRequests, ClaimProof.arrays(proofs))
        return try await reach(to: "look for tasks to cancel") { session throws(PostgreSQLFailure) in
            try session.rows(of: request).map { ClaimProof($0) }
        }
    }

    /// Removes results whose time is over: see ``TaskRun/TaskStore``.
    ///
    /// - Throws: What the database reports.
    public func prune(limit: Int, now: Date?) async throws(StoreError) -> Int {
        let request = Request(ResultSQL.prune, [String(limit), SQLText.moment(now)])
        return try await reach(to: "remove old results") { session throws(PostgreSQLFailure) in
            try session.exchange([request]).changedRows(of: ResultSQL.prune)
        }
    }

    /// What is known of tasks with tokens: see ``TaskRun/TaskDesk``.
    ///
    /// - Throws: What the database reports.
    public func states(of tokens: [String]) async throws(StoreError) -> [TokenState] {
        let texts = [SQLText.array(tokens)]
        // A task and its result must be seen at one moment.
        return try await reach(to: "read results") { session throws(PostgreSQLFailure) in
            let answers = try session.exchange([
                .beginSnapshot, Request(ResultSQL.rows, texts), Request(ResultSQL.results, texts), .commit,
            ])
            let rows = Dictionary(
                answers[ResultSQL.rows].map { TaskRow($0) }.map { ($0.token ?? "", $0) },
                uniquingKeysWith: { first, _ in first }
            )
            let results = Dictionary(
                answers[ResultSQL.results].compactMap { TokenState($0) }.map { ($0.token, $0) },
                uniquingKeysWith: { first, _ in first }
            )
            return tokens.compactMap { TokenState.answer(row: rows[$0], result: results[$0]) }
        }
    }

    /// The token of an equal task that ended COMPLETE: see ``TaskRun/TaskDesk``.
    ///
    /// - Throws: What the database reports.
    public func reusable(name: String, dataHash: String, within age: Duration) async throws(StoreError) -> String? {
        let request = Request(ResultSQL.reusable, [name, dataHash, SQLText.seconds(age)])
        return try await reach(to: "look for a result") { session throws(PostgreSQLFailure) in
            try session.rows(of: request).first?.text("token")
        }
    }

    /// Claims one row by its number: see ``TaskRun/TaskDesk``.
    ///
    /// - Throws: What the database reports.
    public func claim(id: Int64, owner: String, lease: Duration) async throws(StoreError) -> ClaimedTask? {
        let request = Request(ClaimSQL.one, [owner, SQLText.seconds(lease), nil, String(id)])
        return try await reach(to: "claim task \(id)") { session throws(PostgreSQLFailure) in
            try session.rows(of: request).first.map { Taken.Row($0).task }
        }
    }

    /// Asks for the cancellation of one task, in the row or, where its SQL file holds that, beside it.
    ///
    /// - Returns: The row, itself nil where there is none that can be cancelled; nil where it was asked beside the row.
    private static func requestCancel(
        of id: Int64,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> ToBeCancelled?? {
        let request = Request(ResultSQL.requestCancel, [String(id)])
        do throws(PostgreSQLFailure) {
            let soon = SessionSettings.haste(isAlone: true)
            let answers = try session.exchange([.begin, soon, request, .commit])
            return .some(answers[ResultSQL.requestCancel].first.map { ToBeCancelled($0) })
        } catch {
            guard error.state == PostgreSQLFailure.lockTimeout else { throw error }
            try session.exchange([.rollback])
        }
        let beside = Request(ResultSQL.requestCancelBeside, [String(id)])
        if try !session.exchange([.begin, beside, .commit])[ResultSQL.requestCancelBeside].isEmpty { return nil }
        let answers = try session.exchange(
            [.begin, SessionSettings.insistence, request, .commit],
            within: SessionSettings.maintenanceLimit
        )
        return .some(answers[ResultSQL.requestCancel].first.map { ToBeCancelled($0) })
    }

    /// Cancels tasks: see ``TaskRun/TaskDesk``.
    ///
    /// Each is asked in a transaction of its own, for a run that settles it may at the same moment want the next one of its
    /// lock key. What waits is removed behind that, its keys locked first; see `lock_keys.sql`. Whoever claims one in between
    /// sees that it is to be cancelled.
    ///
    /// - Throws: What the database reports; a row that an SQL file's transaction holds is waited for, up to a time limit.
    public func cancel(
        _ targets: [CancelTarget],
        retention: ResultRetention
    ) async throws(StoreError) -> [CancelOutcome] {
        var tokens: [String] = []
        var numbers: [Int64] = []
        for target in targets {
            switch target {
            case .id(let id): numbers.append(id)
            case .token(let token): tokens.append(token)
            }
        }
        let (texts, ids) = (tokens, numbers)
        return try await reach(to: "cancel tasks") { session throws(PostgreSQLFailure) in
            let known = try session.rows(of: Request(ResultSQL.ids, [SQLText.array(texts)]))
            let numbers = Dictionary(
                known.map { ($0.text("token"), $0.integer("id")) },
                uniquingKeysWith: { first, _ in first }
            )
            let all = Set(ids + numbers.values).sorted()
            let limit = SessionSettings.maintenanceLimit
            var isWaiting: [Int64: Bool] = [:]
            var waiting: [(id: Int64, keep: Duration)] = []
            var (keys, batches): ([String], [String]) = ([], [])
            for id in all {
                guard let row = try Self.requestCancel(of: id, in: session) else {
                    isWaiting[id] = false
                    continue
                }
                guard let row else { continue }
                isWaiting[id] = row.isWaiting
                guard row.isWaiting else { continue }
                waiting.append((id, retention[row.name]))
                if let key = row.lockKey { keys.append(key) }
                if let batch = row.batch { batches.append(batch) }
            }
            let removal = [ResultSQL.removeCancelled(waiting, now: nil)].compactMap(\.self)
            let opening = [.begin, SessionSettings.insistence] + LockSQL.letGo(keys, after: removal)
            let closing = [
                Request(DeskSQL.there, [SQLText.array(all)]), Request(ResultSQL.results, [SQLText.array(texts)]),
                .commit,
            ]
            try session.exchange(opening, within: limit)
            try BatchEnds(batches: batches).note(now: nil, in: session)
            let answers = try session.exchange(closing, within: limit)
            let there = Set(answers[DeskSQL.there].map { $0.integer("id") })
            // Claimed in between: its run takes it back.
            for (id, _) in waiting where there.contains(id) { isWaiting[id] = false }
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
    }
}

/// A row that is to be cancelled: one of `result_request_cancel.sql`.
private struct ToBeCancelled {
    let name: String
    let isWaiting: Bool
    let lockKey: String?
    let batch: String?

    init(_ row: PostgreSQLResult.Row) {
        (name, isWaiting) = (row.text("task_name"), row.bool("is_waiting"))
        (lockKey, batch) = (row.textIfAny("lock_key"), row.textIfAny("batch"))
    }
}

extension ResultSQL {
    /// Removes rows that are WAITING and were to be cancelled; nil where there can be none.
    static func removeCancelled(_ rows: [(id: Int64, keep: Duration)], now: Date?) -> Request? {
        guard !rows.isEmpty else { return nil }
        return Request(
            removeCancelled,
            [
                SQLText.array(rows.map(\.id)), SQLText.array(rows.map { SQLText.seconds($0.keep) }),
                SQLText.moment(now),
            ]
        )
    }

    /// About how many bytes of results one statement carries; one result may have more.
    private static let mostBytes = 4 << 20

    /// Leaves the results of settlements, in statements of not too many bytes; none where no task has a token.
    static func keep(_ settlements: [Settlement], now: Date?) -> [Request] {
        var requests: [Request] = []
        var lines: [Line] = []
        var bytes = 0
        for settlement in settlements {
            guard let line = Line(settlement) else { continue }
            if !lines.isEmpty, bytes + line.record.result.count > mostBytes {
                requests.append(request(lines, now: now))
                (lines, bytes) = ([], 0)
            }
            lines.append(line)
            bytes += line.record.result.count
        }
        if !lines.isEmpty { requests.append(request(lines, now: now)) }
        return requests
    }

    private struct Line {
        let proof: ClaimProof
        let record: ResultRecord
        let state: ResultState
        let error: String?
        let columns: (text: String?, bytes: [UInt8]?)

        init?(_ settlement: Settlement) {
            guard let record = settlement.record, let (state, error) = settlement.verdict.resultState else {
                return nil
            }
            (proof, self.record, self.state, self.error) = (settlement.proof, record, state, error)
            columns = state == .complete ? record.columns : (nil, nil)
        }
    }

    private static func request(_ lines: [Line], now: Date?) -> Request {
        let progress = lines.map(\.record.progress)
        return Request(
            keep,
            ClaimProof.arrays(lines.map(\.proof)) + [
                SQLText.array(lines.map(\.state.rawValue)),
                SQLText.array(lines.map(\.columns.text)),
                SQLText.array(lines.map { $0.columns.bytes.map { "\\x" + hex($0) } }),
                SQLText.array(lines.map { Int64($0.record.size) }),
                SQLText.array(lines.map { $0.error.map(LastError.fit) }),
                SQLText.array(progress.map { $0 == nil ? "f" : "t" }),
                SQLText.array(progress.map { $0.map { String($0.progress.done) } }),
                SQLText.array(progress.map { $0?.progress.total.map { String($0) } }),
                SQLText.array(progress.map { $0?.note }),
                SQLText.array(lines.map(\.record.dataHash)),
                SQLText.array(lines.map { $0.record.secondsSinceBegin.map { String($0) } }),
                SQLText.array(lines.map { SQLText.seconds($0.record.keep) }),
                SQLText.moment(now),
            ]
        )
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Bytes from hexadecimal digits.
    static func bytes(hex: String) -> [UInt8] {
        func value(_ digit: UInt8) -> UInt8 { digit < 0x3a ? digit - 0x30 : digit - 0x57 }
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
    }
}

extension TokenState {
    /// Reads a row of ``ResultSQL/results``; nil where a moment is none that a person could read.
    init?(_ row: PostgreSQLResult.Row) {
        guard let state = State(rawValue: row.text("state")), let created = row.dateIfAny("created_at") else {
            return nil
        }
        let text = row.textIfAny("result").map { Array($0.utf8) }
        self.init(
            token: row.text("token"),
            id: row.integer("task_id"),
            name: row.text("task_name"),
            state: state,
            result: text ?? row.textIfAny("result_hex").map { ResultSQL.bytes(hex: $0) } ?? [],
            resultSize: Int(row.integer("result_size")),
            error: row.textIfAny("error"),
            progressDone: row.integerIfAny("progress_done"),
            progressTotal: row.integerIfAny("progress_total"),
            progressNote: row.textIfAny("progress_note"),
            createdAt: created,
            startedAt: row.dateIfAny("started_at"),
            finishedAt: row.dateIfAny("finished_at"),
            expiresAt: row.dateIfAny("expires_at")
        )
    }
}
