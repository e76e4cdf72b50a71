public import Foundation
import GRDB
public import TaskRun

extension Database {
    /// Leaves the line that a settlement has in `task_results`, while its claim holds; nothing where the task goes on.
    func keep(_ settlement: Settlement, now: Date) throws {
        guard let record = settlement.record, let (state, error) = settlement.verdict.resultState else { return }
        let (text, bytes) = state == .complete ? record.columns : (nil, nil)
        let progress = record.progress
        try cachedStatement(sql: Statements.keep).execute(arguments: [
            "id": settlement.proof.id, "claim_no": settlement.proof.number, "state": state.rawValue,
            "result": text, "bytes": bytes.map { Data($0) }, "size": record.size,
            "error": error.map(LastError.fit),
            "noted": progress != nil, "done": progress?.progress.done, "total": progress?.progress.total,
            "note": progress?.note, "hash": record.dataHash,
            "started": record.secondsSinceBegin.map { SQLiteTime.text(now.addingTimeInterval(-$0)) },
            "now": SQLiteTime.text(now), "expires": SQLiteTime.text(now, after: record.keep),
        ])
    }

    /// A row that was removed.
    struct Gone {
        /// The batch that it belonged to.
        let batch: String?
    }

    /// Removes a row that is WAITING and was to be cancelled; the next one of its lock key is led on.
    ///
    /// - Returns: The row, the end of whose batch is counted and not looked at; nil: it stays.
    @discardableResult
    func removeIfCancelled(_ id: Int64, keep: Duration?, now: Date) throws -> Gone? {
        if let keep {
            try cachedStatement(sql: Statements.keepCancelled).execute(
                arguments: ["id": id, "now": SQLiteTime.text(now), "expires": SQLiteTime.text(now, after: keep)]
            )
        }
        let gone = try Row.fetchOne(
            cachedStatement(sql: Statements.deleteCancelled),
            arguments: ["id": id]
        )
        guard let gone else { return nil }
        if let key = gone.textIfAny(0) { try promote(key, now: now) }
        let batch = gone.textIfAny(1)
        if let batch { try countEnds(batch, cancelled: 1) }
        return Gone(batch: batch)
    }
}

extension Database {
    /// Leaves the result of a row that became FAILED although no handler ended.
    func keepFailed(_ id: Int64, keep: Duration, now: Date) throws {
        try cachedStatement(sql: Statements.keepFailed).execute(
            arguments: ["id": id, "now": SQLiteTime.text(now), "expires": SQLiteTime.text(now, after: keep)]
        )
    }
}

extension SQLiteStore {
    /// Writes progress down, of all or of none.
    public func note(_ progress: [ClaimProof: ProgressNote]) async throws(StoreError) -> [ClaimProof] {
        try await transaction("cannot write progress") { database in
            let statement = try database.cachedStatement(sql: Statements.progress)
            for (proof, note) in progress {
                try statement.execute(arguments: [
                    "id": proof.id, "claim_no": proof.number, "done": note.progress.done,
                    "total": note.progress.total, "note": note.note,
                ])
            }
            return []
        }
    }

    /// Which claims somebody has asked to cancel; takes no lock that others would meet.
    public func cancelRequests(among proofs: [ClaimProof]) async throws(StoreError) -> [ClaimProof] {
        let known = Set(proofs)
        return try await access("cannot look for tasks to cancel") { database in
            try Row.fetchAll(
                database.cachedStatement(sql: Statements.cancelRequests),
                arguments: ["ids": SQLiteJSON.text(proofs.map(\.id))]
            ).map { ClaimProof(id: $0[0], number: $0.number(1, in: 0...Int64.max) ?? 0) }.filter(known.contains)
        }
    }

    /// Removes results whose time is over.
    public func prune(limit: Int, now: Date?) async throws(StoreError) -> Int {
        try await transaction("cannot remove old results") { database in
            let text = SQLiteTime.text(now ?? Date())
            try database.execute(sql: Statements.prune, arguments: ["now": text, "limit": limit])
            return database.changesCount
        }
    }

    /// What is known of tasks with tokens, all at one moment.
    public func states(of tokens: [String]) async throws(StoreError) -> [TokenState] {
        try await read("cannot read results") { database in
            try tokens.compactMap { token in
                let row = try Row.fetchOne(
                    database.cachedStatement(sql: Statements.showToken),
                    arguments: ["token": token]
                ).map(TaskRow.init)
                if let row, row.status != .failed { return TokenState.answer(row: row, result: nil) }
                let result = try Row.fetchOne(
                    database.cachedStatement(sql: Statements.result),
                    arguments: ["token": token, "now": SQLiteTime.text(Date())]
                ).flatMap(TokenState.init)
                return TokenState.answer(row: row, result: result)
            }
        }
    }

    /// The token of an equal task that ended COMPLETE.
    public func reusable(name: String, dataHash: String, within age: Duration) async throws(StoreError) -> String? {
        try await access("cannot look for a result") { database in
            let now = Date()
            return try Row.fetchOne(
                database,
                sql: Statements.reusable,
                arguments: [
                    "name": name, "hash": dataHash, "now": SQLiteTime.text(now),
                    "since": SQLiteTime.text(now.addingTimeInterval(-(age / .seconds(1)))),
                ]
            )?.textIfAny(0)
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
            try database.execute(sql: Pragma.patience(patience))
            defer { try? database.execute(sql: Pragma.patience(.seconds(5))) }
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
                    try Int64.fetchOne(database, sql: Statements.idOfToken, arguments: ["token": token])
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
            id = try Int64.fetchOne(self, sql: Statements.idOfToken, arguments: ["token": token])
        }
        if let id {
            let asked = try Row.fetchOne(
                self,
                sql: Statements.requestCancel,
                arguments: ["id": id, "now": SQLiteTime.text(now)]
            )
            if let asked {
                guard asked[0] else { return .asked }
                let keep = retention[asked.text(1)]
                if let batch = try removeIfCancelled(id, keep: keep, now: now)?.batch {
                    try endBatches([batch], now: now)
                }
                return .cancelled
            }
            if try Row.fetchOne(self, sql: Statements.show, arguments: ["id": id]) != nil { return .failed }
        }
        guard case .token(let token) = target else { return .unknown }
        let result = try Row.fetchOne(
            self,
            sql: Statements.result,
            arguments: ["token": token, "now": SQLiteTime.text(now)]
        ).flatMap(TokenState.init)
        return result.flatMap { ResultState(rawValue: $0.state.rawValue) }.map(CancelOutcome.ended) ?? .unknown
    }
}

extension TokenState {
    /// Reads the columns of `result`; nil where another program has written something else.
    fileprivate init?(_ row: Row) {
        guard let state = State(rawValue: row.text(3)), let created = row.moment(10) else { return nil }
        self.init(
            token: row.text(0),
            id: row.number(1, in: Int64.min...Int64.max) ?? 0,
            name: row.text(2),
            state: state,
            result: row.bytes(4).map { Array($0) } ?? [],
            resultSize: Int(row.number(5, in: 0...Int64.max) ?? 0),
            error: row.textIfAny(6),
            progressDone: row.number(7, in: 0...Int64.max),
            progressTotal: row.number(8, in: 0...Int64.max),
            progressNote: row.textIfAny(9),
            createdAt: created,
            startedAt: row.moment(11),
            finishedAt: row.moment(12),
            expiresAt: row.moment(13)
        )
    }
}
