import Platform
import TaskRun

/// The table as a run sees it that is to perform one task and no other.
struct SingleTaskStore: TaskStore {
    let store: any TaskDesk
    /// The task's number.
    let id: Int64
    /// Its queue.
    let queue: String

    var location: String { store.location }

    func requireSchema() async throws(StoreError) { try await store.requireSchema() }

    func look(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look {
        Look(holdsClaims: false, isDue: true, waitingNames: [])
    }

    /// What died is the next ordinary run's to take over.
    func recover(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask] { [] }

    func settle(
        _ settlements: [Settlement],
        thenClaim request: ClaimRequest?,
        now: Date?
    ) async throws(StoreError) -> Exchange {
        let results = try await store.settle(settlements, thenClaim: nil, now: now).results
        guard let request, case .usual = request.share, request.queues?.contains(queue) ?? true else {
            return Exchange(results: results, claimed: [])
        }
        if let task = try await store.claim(id: id, owner: request.owner, lease: request.lease) {
            return Exchange(results: results, claimed: [task])
        }
        // What was not begun in time is set aside, which may be why the task was not claimed.
        return Exchange(results: results, claimed: [], expired: try await store.expire(request.retention))
    }

    func limits() async throws(StoreError) -> [TaskLimit] { try await store.limits() }

    /// Where a limit has to be kept, the task is left to an ordinary run.
    func claim(
        _ request: ClaimRequest,
        within limits: [TaskLimit.Subject],
        now: Date?
    ) async throws(StoreError) -> Exchange { Exchange(results: [], claimed: []) }

    func dueQueues(names: [String], queues: QueueFilter?) async throws(StoreError) -> [String] { [queue] }

    func mendLines(now: Date?) async throws(StoreError) -> Int { 0 }

    func renew(_ proofs: [ClaimProof], lease: Duration, now: Date?) async throws(StoreError) -> [ClaimProof] {
        try await store.renew(proofs, lease: lease, now: now)
    }

    func giveBack(owner: String, except known: [ClaimProof]) async throws(StoreError) -> GivenBack {
        try await store.giveBack(owner: owner, except: known)
    }

    func note(_ progress: [ClaimProof: ProgressNote]) async throws(StoreError) -> [ClaimProof] {
        try await store.note(progress)
    }

    func cancelRequests(among proofs: [ClaimProof]) async throws(StoreError) -> [ClaimProof] {
        try await store.cancelRequests(among: proofs)
    }

    func prune(limit: Int, now: Date?) async throws(StoreError) -> Int { 0 }

    func endBatches(after batch: String?, now: Date?) async throws(StoreError) -> EndedBatches {
        try await store.endBatches(after: batch, now: now)
    }

    func perform(
        _ script: Script,
        settling settlement: Settlement,
        timeLimit: Duration
    ) async throws(StoreError) -> ScriptOutcome {
        try await store.perform(script, settling: settlement, timeLimit: timeLimit)
    }

    func show(_ id: Int64) async throws(StoreError) -> TaskRow? { try await store.show(id) }

    func waitingNames(limit: Int) async throws(StoreError) -> [String] { [] }

    func waitForTasks(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant
    ) async throws(StoreError) -> Bool {
        try await store.waitForTasks(names: names, queues: queues, until: end)
    }

    func close() async {}
}
