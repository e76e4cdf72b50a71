import Foundation
import GRDB
import TaskRun

/// Cancels tasks within one transaction.
struct Cancellations {
    let database: Database
    var keeper = HistoryKeeper.off

    func cancel(_ target: CancelTarget, _ retention: ResultRetention, now: Date) throws -> CancelOutcome {
        if let id = try id(of: target) {
            if let asked = try database.first(Statements.requestCancel, ["id": id, "now": SQLiteTime.text(now)]) {
                guard asked.isWaiting else { return .asked }
                let gone = try removeIfCancelled(id, keep: retention[asked.name], now: now)
                if let batch = gone?.batch { try Batches(database: database).end([batch], now: now) }
                return .cancelled
            }
            if try database.finds(Statements.show, ["id": id]) { return .failed }
        }
        guard case .token(let token) = target else { return .unknown }
        let result = try Results(database: database).result(of: token, now: now)
        return result.flatMap { ResultState(rawValue: $0.state.rawValue) }.map(CancelOutcome.ended) ?? .unknown
    }

    /// The number of the row, or nil if no row has the token.
    func id(of target: CancelTarget) throws -> Int64? {
        switch target {
        case .id(let number): number
        case .token(let token): try database.first(Statements.idOfToken, ["token": token])
        }
    }

    func requests(among proofs: [ClaimProof]) throws -> [ClaimProof] {
        try database.rows(Statements.cancelRequests, ["ids": proofs.map(\.id).json]).filter(Set(proofs).contains)
    }

    /// Removes a WAITING row that was to be cancelled, and lets the next task of its lock key run.
    ///
    /// Counts the end for its batch, but does not check whether the batch has ended. Returns nil if the row stays.
    @discardableResult
    func removeIfCancelled(_ id: Int64, keep: Duration?, now: Date) throws -> RemovedRow? {
        if let keep { try Results(database: database).keep(Statements.keepCancelled, id, for: keep, now: now) }
        guard let gone = try database.first(Statements.deleteCancelled, ["id": id]) else { return nil }
        try History(database: database, keeper: keeper).note(gone.row, .cancelled, now: now)
        if let key = gone.lockKey { try LockLines(database: database).promote(key, now: now) }
        if let batch = gone.batch { try Batches(database: database).countEnds(batch, cancelled: 1) }
        return gone
    }
}

/// Cancels tasks, even while an SQL file runs and keeps all other writers out.
struct CancelCommand: Sendable {
    let store: SQLiteStore
    let targets: [CancelTarget]
    let retention: ResultRetention

    /// Cancels the tasks, all in one transaction.
    ///
    /// If an SQL file is running, a note beside the database asks its run to end it.
    func run() async throws(StoreError) -> [CancelOutcome] {
        do throws(StoreError) {
            return try await cancel(patience: .seconds(1))
        } catch {
            guard error.code == .locked else { throw error }
            let asked = await askByNotes()
            let outcomes = try await cancel(patience: .seconds(5))
            return zip(targets, outcomes).map { asked.contains($0) ? .asked : $1 }
        }
    }

    private func cancel(patience: Duration) async throws(StoreError) -> [CancelOutcome] {
        let keeper = store.memory.history
        return try await store.noting("cannot cancel tasks") { database in
            try database.set(Pragma.patience(patience))
            defer { try? database.set(Pragma.patience(.seconds(5))) }
            var outcomes: [CancelOutcome] = []
            try database.inTransaction(.immediate) {
                let now = Date()
                let cancellations = Cancellations(database: database, keeper: keeper)
                outcomes = try targets.map { try cancellations.cancel($0, retention, now: now) }
                return .commit
            }
            return outcomes
        }
    }

    /// Asks the run that performs one of these tasks as an SQL file to end it, and returns the tasks whose notes a run
    /// has removed.
    private func askByNotes() async -> Set<CancelTarget> {
        var notes: [(target: CancelTarget, note: CancelNote)] = []
        for target in targets {
            let subject = "cannot look for tasks to cancel"
            let id = try? await store.access(subject) { try Cancellations(database: $0).id(of: target) }
            guard let id else { continue }
            let note = CancelNote(database: store.path, id: id)
            if note.leave() { notes.append((target, note)) }
        }
        let end = ContinuousClock.now.advanced(by: .seconds(3))
        // A note that is still there by then is about another task, which blocks nothing.
        while notes.contains(where: \.note.isThere), ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(20))
        }
        let removed = notes.filter { !$0.note.isThere }.map(\.target)
        for (_, note) in notes { note.remove() }
        return Set(removed)
    }
}

/// A task that was asked to be cancelled.
struct CancelAsked {
    let isWaiting: Bool
    let name: String

    init(_ row: ResultRow) { (isWaiting, name) = (row.flag("is_waiting"), row.text("task_name")) }
}
