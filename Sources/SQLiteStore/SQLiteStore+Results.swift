public import Foundation
import GRDB
public import TaskRun

extension Database {
    /// Leaves the line that a settlement has in `task_results`, while its claim holds; nothing where the task goes on.
    func keep(_ settlement: Settlement, now: Date) throws {
        guard let record = settlement.record, let (state, error) = settlement.verdict.resultState else { return }
        let (text, bytes) = state == .complete ? record.columns : (nil, nil)
        let progress = record.progress
        try run(
            Statements.keep,
            [
                "id": settlement.proof.id, "claim_no": settlement.proof.number, "state": state.rawValue,
                "result": text, "bytes": bytes.map { Data($0) }, "size": record.size,
                "error": error.map(LastError.fit),
                "noted": progress != nil, "done": progress?.progress.done, "total": progress?.progress.total,
                "note": progress?.note, "hash": record.dataHash,
                "started": record.secondsSinceBegin.map { SQLiteTime.text(now.addingTimeInterval(-$0)) },
                "now": SQLiteTime.text(now), "expires": SQLiteTime.text(now, after: record.keep),
            ]
        )
    }

    /// Removes a row that is WAITING and was to be cancelled; the next one of its lock key is led on.
    ///
    /// - Returns: The row, the end of whose batch is counted and not looked at; nil: it stays.
    @discardableResult
    func removeIfCancelled(_ id: Int64, keep: Duration?, now: Date) throws -> RemovedRow? {
        if let keep {
            let (text, end) = (SQLiteTime.text(now), SQLiteTime.text(now, after: keep))
            try run(Statements.keepCancelled, ["id": id, "now": text, "expires": end])
        }
        guard let gone = try first(Statements.deleteCancelled, ["id": id]) else { return nil }
        if let key = gone.lockKey { try promote(key, now: now) }
        if let batch = gone.batch { try countEnds(batch, cancelled: 1) }
        return gone
    }
}

extension Database {
    /// Leaves the result of a row that became FAILED although no handler ended.
    func keepFailed(_ id: Int64, keep: Duration, now: Date) throws {
        let (text, end) = (SQLiteTime.text(now), SQLiteTime.text(now, after: keep))
        try run(Statements.keepFailed, ["id": id, "now": text, "expires": end])
    }
}

extension SQLiteStore {
    /// Writes progress down, of all or of none.
    public func note(_ progress: [ClaimProof: ProgressNote]) async throws(StoreError) -> [ClaimProof] {
        try await transaction("cannot write progress") { database in
            for (proof, note) in progress {
                try database.run(
                    Statements.progress,
                    [
                        "id": proof.id, "claim_no": proof.number, "done": note.progress.done,
                        "total": note.progress.total, "note": note.note,
                    ]
                )
            }
            return []
        }
    }

    /// Which claims somebody has asked to cancel; takes no lock that others would meet.
    public func cancelRequests(among proofs: [ClaimProof]) async throws(StoreError) -> [ClaimProof] {
        let known = Set(proofs)
        return try await access("cannot look for tasks to cancel") { database in
            try database.rows(Statements.cancelRequests, ["ids": SQLiteJSON.text(proofs.map(\.id))])
                .filter(known.contains)
        }
    }

    /// Removes results whose time is over.
    public func prune(limit: Int, now: Date?) async throws(StoreError) -> Int {
        try await transaction("cannot remove old results") { database in
            let text = SQLiteTime.text(now ?? Date())
            return try database.run(Statements.prune, ["now": text, "limit": limit])
        }
    }

    /// What is known of tasks with tokens, all at one moment.
    public func states(of tokens: [String]) async throws(StoreError) -> [TokenState] {
        try await read("cannot read results") { database in
            try tokens.compactMap { token in
                let row = try database.first(Statements.showToken, ["token": token])
                if let row, row.status != .failed { return TokenState.answer(row: row, result: nil) }
                let arguments: StatementArguments = ["token": token, "now": SQLiteTime.text(Date())]
                let result = try database.first(Statements.result, arguments).flatMap(\.self)
                return TokenState.answer(row: row, result: result)
            }
        }
    }

    /// The token of an equal task that ended COMPLETE.
    public func reusable(name: String, dataHash: String, within age: Duration) async throws(StoreError) -> String? {
        try await access("cannot look for a result") { database in
            let now = Date()
            let since = SQLiteTime.text(now.addingTimeInterval(-(age / .seconds(1))))
            return try database.first(
                Statements.reusable,
                ["name": name, "hash": dataHash, "now": SQLiteTime.text(now), "since": since]
            )
        }
    }

    /// Cancels tasks, all in one transaction.
    ///
    /// An SQL file that is running keeps every other write out: its run is asked beside the database to end it.
    public func cancel(
        _ targets: [CancelTarget],
        retention: ResultRetention
    ) async throws(StoreError) -> [CancelOutcome] {
        do throws(StoreError) {
            return try await cancel(targets, retention, patience: .seconds(1))
        } catch {
            guard error.code == .locked else { throw error }
            let asked = await askBeside(targets)
            let outcomes = try await cancel(targets, retention, patience: .seconds(5))
            return zip(targets, outcomes).map { asked.contains($0) ? .asked : $1 }
        }
    }

    private func cancel(
        _ targets: [CancelTarget],
        _ retention: ResultRetention,
        patience: Duration
    ) async throws(StoreError) -> [CancelOutcome] {
        try await access("cannot cancel tasks") { database in
            try database.set(Pragma.patience(patience))
            defer { try? database.set(Pragma.patience(.seconds(5))) }
            var outcomes: [CancelOutcome] = []
            try database.inTransaction(.immediate) {
                let now = Date()
                outcomes = try targets.map { try database.cancel($0, retention, now: now) }
                return .commit
            }
            return outcomes
        }
    }

    /// Asks whatever run has one of these tasks as an SQL file that is running.
    ///
    /// - Returns: Those whose run has taken note.
    private func askBeside(_ targets: [CancelTarget]) async -> Set<CancelTarget> {
        var notes: [(target: CancelTarget, note: CancelNote)] = []
        for target in targets {
            var id: Int64?
            switch target {
            case .id(let number): id = number
            case .token(let token):
                id = try? await access("cannot look for tasks to cancel") { database in
                    try database.first(Statements.idOfToken, ["token": token])
                }
            }
            guard let id else { continue }
            let note = CancelNote(database: path, id: id)
            if note.leave() { notes.append((target, note)) }
        }
        let end = ContinuousClock.now.advanced(by: .seconds(3))
        // One that is not taken by then is about another task, and holds up nothing.
        while notes.contains(where: \.note.isThere), ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(20))
        }
        let taken = notes.filter { !$0.note.isThere }.map(\.target)
        for (_, note) in notes { note.take() }
        return Set(taken)
    }
}

extension Database {
    fileprivate func cancel(_ target: CancelTarget, _ retention: ResultRetention, now: Date) throws -> CancelOutcome {
        let id: Int64?
        switch target {
        case .id(let number): id = number
        case .token(let token):
            id = try first(Statements.idOfToken, ["token": token])
        }
        if let id {
            if let asked = try first(Statements.requestCancel, ["id": id, "now": SQLiteTime.text(now)]) {
                guard asked.isWaiting else { return .asked }
                let keep = retention[asked.name]
                if let batch = try removeIfCancelled(id, keep: keep, now: now)?.batch {
                    try endBatches([batch], now: now)
                }
                return .cancelled
            }
            if try finds(Statements.show, ["id": id]) { return .failed }
        }
        guard case .token(let token) = target else { return .unknown }
        let arguments: StatementArguments = ["token": token, "now": SQLiteTime.text(now)]
        let result = try first(Statements.result, arguments).flatMap(\.self)
        return result.flatMap { ResultState(rawValue: $0.state.rawValue) }.map(CancelOutcome.ended) ?? .unknown
    }
}

/// A task that somebody has asked to cancel.
struct CancelAsked {
    let isWaiting: Bool
    let name: String

    static func reader(_ columns: Columns) -> (ResultRow) -> CancelAsked {
        let (isWaiting, name) = (columns["is_waiting"], columns["task_name"])
        return { row in CancelAsked(isWaiting: row.flag(isWaiting), name: row.text(name)) }
    }
}

extension ClaimProof {
    static func reader(_ columns: Columns) -> (ResultRow) -> ClaimProof {
        let (id, number) = (columns["id"], columns["claim_no"])
        return { row in ClaimProof(id: row.integer(id), number: row.natural(number)) }
    }
}

extension TokenState {
    /// Nil where another program has written something else.
    static func reader(_ columns: Columns) -> (ResultRow) -> TokenState? {
        let (token, id, name, state) = (columns["token"], columns["task_id"], columns["task_name"], columns["state"])
        let (result, size, error) = (columns["result"], columns["result_size"], columns["error"])
        let (done, total, note) = (columns["progress_done"], columns["progress_total"], columns["progress_note"])
        let (created, started) = (columns["created_at"], columns["started_at"])
        let (finished, expires) = (columns["finished_at"], columns["expires_at"])
        return { row in
            guard let state = State(rawValue: row.text(state)), let created = row.moment(created) else { return nil }
            return TokenState(
                token: row.text(token),
                id: row.number(id, in: Int64.min...Int64.max) ?? 0,
                name: row.text(name),
                state: state,
                result: Array(row.bytes(result)),
                resultSize: Int(row.natural(size)),
                error: row.textIfAny(error),
                progressDone: row.number(done, in: 0...Int64.max),
                progressTotal: row.number(total, in: 0...Int64.max),
                progressNote: row.textIfAny(note),
                createdAt: created,
                startedAt: row.moment(started),
                finishedAt: row.moment(finished),
                expiresAt: row.moment(expires)
            )
        }
    }
}
