import Foundation
import TaskRun

/// What this store does not do.
extension MemoryStore {
    private func unsupported() -> StoreError {
        StoreError(.other, subject: "cannot use \(location)", cause: "this store can only be added to and looked at")
    }

    func recover(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask] { throw unsupported() }
    func repairLockLines(now: Date?) async throws(StoreError) -> Int { throw unsupported() }
    func endBatches(after batch: String?, now: Date?) async throws(StoreError) -> EndedBatches { throw unsupported() }
    func settle(
        _ settlements: [Settlement],
        thenClaim request: ClaimRequest?,
        now: Date?
    ) async throws(StoreError) -> Exchange { throw unsupported() }
    func claim(
        _ request: ClaimRequest,
        within limits: [TaskLimit.Subject],
        now: Date?
    ) async throws(StoreError) -> Exchange { throw unsupported() }
    func renew(
        _ proofs: [ClaimProof],
        lease: Duration,
        now: Date?
    ) async throws(StoreError) -> [ClaimProof] { throw unsupported() }
    func giveBack(
        owner: String,
        except known: [ClaimProof]
    ) async throws(StoreError) -> GivenBack { throw unsupported() }
    func note(_ progress: [ClaimProof: ProgressNote]) async throws(StoreError) -> [ClaimProof] { throw unsupported() }
    func cancelRequests(among proofs: [ClaimProof]) async throws(StoreError) -> [ClaimProof] { throw unsupported() }
    func prune(limit: Int, now: Date?) async throws(StoreError) -> Int { throw unsupported() }
    func perform(
        _ script: Script,
        settling settlement: Settlement,
        timeLimit: Duration
    ) async throws(StoreError) -> ScriptOutcome { throw unsupported() }
    func waitForTasks(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant
    ) async throws(StoreError) -> Bool { throw unsupported() }
    func add(from source: any TaskSource) async throws(StoreError) -> Bool { throw unsupported() }
    func oldFailed(_ keep: ResultRetention, limit: Int) async throws(StoreError) -> [MatchedTask] {
        throw unsupported()
    }
    func batches(_ batch: String?, limit: Int) async throws(StoreError) -> [BatchRow] { throw unsupported() }
    func cancel(
        _ targets: [CancelTarget],
        retention: ResultRetention
    ) async throws(StoreError) -> [CancelOutcome] { throw unsupported() }
    func facts(_ selection: WaitFacts.Selection) async throws(StoreError) -> WaitFacts { throw unsupported() }
    func retry(
        _ selection: FailedSelection,
        each part: @Sendable ([Int64]) -> Void
    ) async throws(StoreError) -> [Int64] { throw unsupported() }
    func hasten(_ ids: [Int64]) async throws(StoreError) -> [Int64] { throw unsupported() }
    func delete(_ ids: [Int64]) async throws(StoreError) -> [Int64] { throw unsupported() }
    func states(of tokens: [String]) async throws(StoreError) -> [TokenState] { throw unsupported() }
    func reusable(
        name: String,
        dataHash: String,
        within age: Duration
    ) async throws(StoreError) -> String? { throw unsupported() }
    func pause(
        _ queue: String,
        for time: Duration?,
        why: String?,
        by who: String?
    ) async throws(StoreError) { throw unsupported() }
    func resume(_ queues: [String]) async throws(StoreError) -> [String] { throw unsupported() }
    func setLimit(_ limit: TaskLimit) async throws(StoreError) { throw unsupported() }
    func migrate() async throws(StoreError) -> [SchemaVersion] { throw unsupported() }
    func schemaVersions() async throws(StoreError) -> [SchemaVersion] { throw unsupported() }
    func notifies() async throws(StoreError) -> Bool? { throw unsupported() }
    func setNotify(_ isOn: Bool) async throws(StoreError) -> Bool { throw unsupported() }
    func findings() async throws(StoreError) -> [Finding] { throw unsupported() }
}
