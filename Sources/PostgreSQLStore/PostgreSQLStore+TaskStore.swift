public import Platform
import Synchronization
public import TaskRun

/// What a run needs: each function lets a type of the topic do the work, on the main connection.
extension PostgreSQLStore: TaskStore {
    /// Checks that the tables are those this program knows.
    public func requireSchema() async throws(StoreError) { try await Schema(store: self).require() }

    /// Checks the tables and looks at the tasks, in one round trip; nil if the tables need a closer look first.
    public func open(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look? {
        try await Schema(store: self).open(names: names, queues: queues)
    }

    /// Looks whether there is anything to do: see ``TaskRun/TaskStore``.
    public func look(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look {
        try await reach(to: "look for tasks") { try TableLook.read(names, queues, in: $0) }
    }

    /// Recovers the tasks of dead runs, at most 1,000 rows.
    public func recover(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask] {
        try await Recovery(store: self, request: request).recover()
    }

    /// Repairs lock keys whose next row no claim looks at: see ``TaskRun/TaskStore``.
    public func repairLockLines(now: Date?) async throws(StoreError) -> Int {
        try await reach(to: "repair lock keys") { try LockLines(session: $0).repair(now: now) }
    }

    /// Makes tasks due whose batches have ended unnoticed.
    public func endBatches(after batch: String?, now: Date?) async throws(StoreError) -> EndedBatches {
        try await reach(to: "end batches") { try Batches(session: $0).endUnnoticed(after: batch, now: now) }
    }

    /// Whether a lock key or a batch needs repair: see ``TaskRun/TaskStore``.
    public func needsRepair() async throws(StoreError) -> Bool {
        try await reach(to: "look for lock keys and batches") { try LockLines(session: $0).needsRepair() }
    }

    /// Ends claims and claims new tasks, in one transaction.
    public func settle(
        _ settlements: [Settlement],
        thenClaim request: ClaimRequest?,
        now: Date?
    ) async throws(StoreError) -> Exchange {
        try await SettleAndClaim(store: self, settlements: settlements, request: request, now: now).run()
    }

    /// Claims no more tasks than these limits allow.
    public func claim(
        _ request: ClaimRequest,
        within limits: [TaskLimit.Subject],
        now: Date?
    ) async throws(StoreError) -> Exchange {
        guard !standby.isMissed else { throw Standby.error(subject("claim tasks")) }
        return try await reach(to: "claim tasks") {
            try Claims(session: $0, memory: memory).claim(request, within: limits, now: now)
        }
    }

    /// Lets claims try rows again that were refused only beside others: see ``TaskRun/TaskStore``.
    public func tryRefusedAgain() -> String? { memory.avoided.withLock { $0.tryAgain() } }

    /// The queues that have a due task.
    public func dueQueues(names: [String], queues: QueueFilter?) async throws(StoreError) -> [String] {
        try await reach(to: "look for queues") { try Queues(session: $0).due(names: names, queues: queues) }
    }

    /// The rows of `task_limits`.
    public func limits() async throws(StoreError) -> [TaskLimit] {
        try await reach(to: "read the limits") { try Limits(session: $0).all() }
    }

    /// Which ends an open transaction holds, and whose it is: see ``TaskRun/TaskStore``.
    public func held(among settlements: [Settlement]) async throws(StoreError) -> [ClaimProof: String] {
        guard !settlements.isEmpty else { return [:] }
        return try await reach(to: "find the holders of tasks") { try HeldEnds(session: $0).find(among: settlements) }
    }

    /// The server's process that has the tables locked, or nil if none is found.
    public func lockHolder() async -> String? {
        try? await reach(to: "find the holder of the tables") { try LockLines(session: $0).tableHolder() }
    }

    /// Notes a task whose row cannot be written: see ``TaskRun/TaskStore``.
    public func noteStuck(_ proof: ClaimProof, isDone: Bool, why: String) async throws(StoreError) {
        try await reach(to: "note that task \(proof.id) has ended") {
            try StuckTasks(session: $0).note(proof, isDone: isDone, why: why)
        }
    }

    /// Prolongs leases, and returns the proofs that are no longer valid.
    public func renew(_ proofs: [ClaimProof], lease: Duration, now: Date?) async throws(StoreError) -> [ClaimProof] {
        guard !proofs.isEmpty else { return [] }
        return try await reach(to: "renew leases") {
            try Settlements(session: $0, memory: memory).renew(proofs, lease: lease, now: now)
        }
    }

    /// Releases all rows of this owner that it does not know of.
    ///
    /// It first asks which lost transactions are still open: if one has ended by then and has claimed, its rows are
    /// seen.
    public func giveBack(owner: String, except known: [ClaimProof]) async throws(StoreError) -> GivenBack {
        let isOver: Bool
        do {
            isOver = try await main.losesNothing()
        } catch {
            throw error.storeError(subject: subject("release tasks"))
        }
        return try await reach(to: "release tasks") {
            let released = try Settlements(session: $0, memory: memory).releaseUnknown(of: owner, except: known)
            return GivenBack(count: released.count, isComplete: isOver && !released.isAnyLeft)
        }
    }

    /// Writes progress, and returns the claims whose rows another transaction has locked.
    public func note(_ progress: [ClaimProof: ProgressNote]) async throws(StoreError) -> [ClaimProof] {
        try await reach(to: "write progress") { try Results(session: $0).noteProgress(progress) }
    }

    /// Which of these claims are to be cancelled.
    public func cancelRequests(among proofs: [ClaimProof]) async throws(StoreError) -> [ClaimProof] {
        try await reach(to: "look for tasks to cancel") { try Cancellations(session: $0).requests(among: proofs) }
    }

    /// Removes results whose time is over.
    public func prune(limit: Int, now: Date?) async throws(StoreError) -> Int {
        try await reach(to: "remove old results") { try Results(session: $0).prune(limit: limit, now: now) }
    }

    /// Removes FAILED tasks that are kept no longer.
    public func removeOldFailed(_ keep: ResultRetention, limit: Int) async throws(StoreError) -> Int {
        try await reach(to: "remove old tasks") { session in
            let old = try Tasks(session: session).oldFailed(keep, limit: limit)
            return old.isEmpty ? 0 : try Tasks(session: session).delete(old.map(\.id), onlyFailed: true).count
        }
    }

    /// Runs an SQL script and deletes the task's row in one transaction: see ``TaskRun/TaskStore``.
    public func perform(
        _ script: Script,
        settling settlement: Settlement,
        timeLimit: Duration
    ) async throws(StoreError) -> ScriptOutcome {
        do {
            return try await scripts.perform(script, settling: settlement, timeLimit: timeLimit)
        } catch {
            throw error.storeError(subject: subject("run the script of task \(settlement.proof.id)"))
        }
    }

    /// The first names of WAITING tasks, sorted.
    public func waitingNames(limit: Int) async throws(StoreError) -> [String] {
        guard limit > 0 else { return [] }
        return try await reach(to: "read the waiting tasks") { try Tasks(session: $0).waitingNames(limit: limit) }
    }

    /// Waits until a task is due: see ``TaskRun/TaskStore``.
    public func waitForTasks(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant
    ) async throws(StoreError) -> Bool {
        try await TaskWait(store: self, names: names, queues: queues, end: end).run()
    }

    /// One row, or nil if there is none.
    public func show(_ id: Int64) async throws(StoreError) -> TaskRow? {
        try await reach(to: "read task \(id)") { try Tasks(session: $0).show(id) }
    }
}
