public import Foundation
import GRDB
import Platform
import Synchronization
public import TaskRun

/// What a run needs: one transaction each, in which a type of the topic does the work.
extension SQLiteStore: TaskStore {
    /// Checks that the tables are those this program knows.
    public func requireSchema() async throws(StoreError) {
        try await read("cannot read the schema") { [location] in try Schema(database: $0).require(at: location) }
    }

    /// Looks whether there is anything to do: see ``TaskRun/TaskStore``.
    public func look(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look {
        try await read("cannot look for tasks") { try WaitingTasks(database: $0).look(names: names, queues: queues) }
    }

    /// Recovers the tasks of dead runs, at most 1,000 rows; without such rows it takes no write lock.
    public func recover(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask] {
        try await Recovery(store: self, request: request).recover()
    }

    /// Repairs lock keys whose next row no claim looks at: see ``TaskRun/TaskStore``.
    public func repairLockLines(now: Date?) async throws(StoreError) -> Int {
        try await transaction("cannot repair lock keys") { try LockLines(database: $0).repair(now: now ?? Date()) }
    }

    /// Makes tasks due whose batches have ended unnoticed; without such batches it takes no write lock.
    public func endBatches(after batch: String?, now: Date?) async throws(StoreError) -> EndedBatches {
        let isNothing = try await read("cannot look for batches that have ended") {
            try Batches(database: $0).isNothingToEnd(after: batch)
        }
        if isNothing { return EndedBatches() }
        return try await transaction("cannot end batches") {
            try Batches(database: $0).endUnnoticed(after: batch, now: now ?? Date())
        }
    }

    /// Whether a lock key or a batch needs repair: see ``TaskRun/TaskStore``.
    public func needsRepair() async throws(StoreError) -> Bool { await waiter.needsRepair() }

    /// Ends claims and claims new tasks, in one transaction.
    ///
    /// With nothing to settle and nothing due it takes no write lock, so that a program without a busy timeout never
    /// notices.
    public func settle(
        _ settlements: [Settlement],
        thenClaim request: ClaimRequest?,
        now: Date?
    ) async throws(StoreError) -> Exchange {
        try await exchange("cannot settle and claim tasks", settlements, request, within: [], now: now)
    }

    /// Claims no more tasks than these limits allow; with nothing due it takes no write lock.
    public func claim(
        _ request: ClaimRequest,
        within limits: [TaskLimit.Subject],
        now: Date?
    ) async throws(StoreError) -> Exchange {
        try await exchange("cannot claim tasks", [], request, within: limits, now: now)
    }

    private func exchange(
        _ subject: String,
        _ settlements: [Settlement],
        _ request: ClaimRequest?,
        within limits: [TaskLimit.Subject],
        now: Date?
    ) async throws(StoreError) -> Exchange {
        if settlements.isEmpty {
            guard let request else { return Exchange(results: [], claimed: []) }
            let isAnythingDue = try await read("cannot look for due tasks") { [memory] database in
                try Claims(database: database, memory: memory, request: request).isAnythingDue(now: now ?? Date())
            }
            guard isAnythingDue else { return Exchange(results: [], claimed: []) }
        }
        do {
            let fitting = request == nil ? nil : memory.avoided.withLock { $0.takeFitting() }
            return try await transaction(subject, isAboutRows: true) { [memory] database in
                let now = now ?? Date()
                let settled = try Settlements(database: database, keeper: memory.history).settle(settlements, now: now)
                guard let request else { return settled }
                let claims = Claims(database: database, memory: memory, request: request.atMost(fitting))
                return try claims.exchange(after: settled, within: limits, isShortened: fitting != nil, now: now)
            }
        } catch  where error.code == .refused && settlements.isEmpty {
            let refused = RefusedRows(store: self)
            guard let request, let exchange = try await refused.passOver(request, now: now ?? Date()) else {
                throw error
            }
            return exchange
        }
    }

    /// Lets claims try rows again that were refused only beside others: see ``TaskRun/TaskStore``.
    public func tryRefusedAgain() -> String? { memory.avoided.withLock { $0.tryAgain() } }

    /// The queues that have a due task.
    public func dueQueues(names: [String], queues: QueueFilter?) async throws(StoreError) -> [String] {
        try await read("cannot look for queues") { try WaitingTasks(database: $0).queues(names: names, queues: queues) }
    }

    /// The rows of `task_limits`.
    public func limits() async throws(StoreError) -> [TaskLimit] {
        try await access("cannot read the limits") { try $0.rows(Statements.limits) }
    }

    /// Notes a task whose row cannot be written: see ``TaskRun/TaskStore``.
    public func noteStuck(_ proof: ClaimProof, isDone: Bool, why: String) async throws(StoreError) {
        try await transaction("cannot note that task \(proof.id) has ended", isAboutRows: true) {
            try StuckTasks(database: $0).note(proof, isDone: isDone, why: why)
        }
    }

    /// Prolongs leases, all in one transaction.
    public func renew(_ proofs: [ClaimProof], lease: Duration, now: Date?) async throws(StoreError) -> [ClaimProof] {
        try await transaction("cannot renew leases", isAboutRows: true) { [memory] in
            try Settlements(database: $0, keeper: memory.history).renew(
                proofs,
                until: SQLiteTime.text(now ?? Date(), after: lease)
            )
        }
    }

    /// Releases all rows of this owner that it does not know of: an answer from a file cannot be lost.
    public func giveBack(owner: String, except known: [ClaimProof]) async throws(StoreError) -> GivenBack {
        try await transaction("cannot release tasks", isAboutRows: true) { [memory] database in
            let settlements = Settlements(database: database, keeper: memory.history)
            return GivenBack(count: try settlements.releaseUnknown(of: owner, except: Set(known)))
        }
    }

    /// Writes progress, of all or of none.
    public func note(_ progress: [ClaimProof: ProgressNote]) async throws(StoreError) -> [ClaimProof] {
        try await transaction("cannot write progress") { try Results(database: $0).noteProgress(progress) }
        return []
    }

    /// Which of these claims are to be cancelled; takes no lock that other programs could meet.
    public func cancelRequests(among proofs: [ClaimProof]) async throws(StoreError) -> [ClaimProof] {
        try await access("cannot look for tasks to cancel") { try Cancellations(database: $0).requests(among: proofs) }
    }

    /// Removes results whose time is over.
    public func prune(limit: Int, now: Date?) async throws(StoreError) -> Int {
        try await transaction("cannot remove old results") {
            try Results(database: $0).prune(limit: limit, now: now ?? Date())
        }
    }

    /// Removes FAILED tasks that are kept no longer.
    public func removeOldFailed(_ keep: ResultRetention, limit: Int) async throws(StoreError) -> Int {
        // The lock of the file is taken only if there are any.
        guard try await !oldFailed(keep, limit: 1).isEmpty else { return 0 }
        return try await transaction("cannot remove old tasks") { [memory] database in
            let tasks = Tasks(database: database, keeper: memory.history)
            return try tasks.delete(try tasks.oldFailed(keep, limit: limit).map(\.id)).count
        }
    }

    /// Runs an SQL script and deletes the task's row in one transaction, which may take no longer than 0.9 of its own
    /// lease.
    public func perform(
        _ script: Script,
        settling settlement: Settlement,
        timeLimit: Duration
    ) async throws(StoreError) -> ScriptOutcome {
        let queue = try scripts()
        let proof = settlement.proof
        let lease = try await access("cannot read a lease") { [memory] in
            try Settlements(database: $0, keeper: memory.history).leaseLeft(of: proof)
        }
        guard let lease else { return .leaseLost }
        let run = ScriptRun(
            script: script,
            settlement: settlement,
            note: CancelNote(database: path, id: proof.id),
            keeper: memory.history,
            location: location
        )
        do {
            return try await run.perform(on: queue, timeLimit: timeLimit, lease: lease)
        } catch {
            throw StoreError(sqlite: error, "cannot run an SQL file in \(location)")
        }
    }

    /// Names of WAITING tasks, found by stepping from name to name along the indexes.
    public func waitingNames(limit: Int) async throws(StoreError) -> [String] {
        try await read("cannot read the task names") { try WaitingTasks(database: $0).names(limit: limit) }
    }

    /// Waits until a task is due: see ``TaskRun/TaskStore``.
    public func waitForTasks(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant
    ) async throws(StoreError) -> Bool {
        guard let wakeUp = WakeUp() else {
            throw StoreError(.other, subject: "cannot wait for tasks", cause: "no file descriptor is left")
        }
        let result = await withTaskCancellationHandler { () -> Result<Bool, StoreError> in
            do throws(StoreError) {
                return .success(try await waiter.wait(names: names, queues: queues, until: end, wakeUp: wakeUp))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            wakeUp.wake()
        }
        return try result.get()
    }

    /// One row.
    public func show(_ id: Int64) async throws(StoreError) -> TaskRow? {
        try await access("cannot read task \(id)") { try $0.first(Statements.show, ["id": id]) }
    }
}
