import Foundation
import Synchronization
import TaskRun
import Testing

/// A store whose n-th call fails: before it did anything, or after it has done it and the answer is lost.
final class FaultyStore: TaskStore {
    enum Fault: CaseIterable { case lockedBefore, unreachableBefore, answerLost }

    private let store: any TaskStore
    private let fault: Fault
    private let callsLeft: Mutex<Int>

    init(_ store: any TaskStore, fault: Fault, atCall number: Int) {
        self.store = store
        self.fault = fault
        self.callsLeft = Mutex(number)
    }

    /// Whether the fault has happened.
    var isSpent: Bool { callsLeft.withLock { $0 <= 0 } }

    private func call<Value: Sendable>(
        _ body: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let isTheOne = callsLeft.withLock { left in
            left -= 1
            return left == 0
        }
        let error = StoreError(fault == .lockedBefore ? .locked : .unreachable, subject: "test", cause: "injected")
        if isTheOne, fault != .answerLost { throw error }
        let value = try await body()
        if isTheOne { throw error }
        return value
    }

    var location: String { store.location }
    func requireSchema() async throws(StoreError) { try await store.requireSchema() }
    func look(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look {
        try await store.look(names: names, queues: queues)
    }
    func recover(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask] {
        try await store.recover(request)
    }
    func settle(
        _ settlements: [Settlement],
        thenClaim request: ClaimRequest?,
        now: Date?
    ) async throws(StoreError) -> Exchange {
        try await call { () async throws(StoreError) in
            try await store.settle(settlements, thenClaim: request, now: now)
        }
    }
    func dueQueues(names: [String], queues: QueueFilter?) async throws(StoreError) -> [String] {
        try await store.dueQueues(names: names, queues: queues)
    }
    func limits() async throws(StoreError) -> [TaskLimit] {
        try await call { () async throws(StoreError) in try await store.limits() }
    }
    func claim(
        _ request: ClaimRequest,
        within limits: [TaskLimit.Subject],
        now: Date?
    ) async throws(StoreError) -> Exchange {
        try await call { () async throws(StoreError) in try await store.claim(request, within: limits, now: now) }
    }
    func renew(_ proofs: [ClaimProof], lease: Duration, now: Date?) async throws(StoreError) -> [ClaimProof] {
        try await call { () async throws(StoreError) in try await store.renew(proofs, lease: lease, now: now) }
    }
    func giveBack(owner: String, except known: [ClaimProof]) async throws(StoreError) -> GivenBack {
        try await call { () async throws(StoreError) in try await store.giveBack(owner: owner, except: known) }
    }
    func perform(
        _ script: Script,
        settling settlement: Settlement,
        timeLimit: Duration
    ) async throws(StoreError) -> ScriptOutcome {
        try await store.perform(script, settling: settlement, timeLimit: timeLimit)
    }
    func note(_ progress: [ClaimProof: ProgressNote]) async throws(StoreError) -> [ClaimProof] {
        try await store.note(progress)
    }
    func cancelRequests(among proofs: [ClaimProof]) async throws(StoreError) -> [ClaimProof] {
        try await store.cancelRequests(among: proofs)
    }
    func prune(limit: Int, now: Date?) async throws(StoreError) -> Int { try await store.prune(limit: limit, now: now) }
    func waitingNames(limit: Int) async throws(StoreError) -> [String] { try await store.waitingNames(limit: limit) }
    func show(_ id: Int64) async throws(StoreError) -> TaskRow? { try await store.show(id) }
    func repairLockLines(now: Date?) async throws(StoreError) -> Int { try await store.repairLockLines(now: now) }
    func endBatches(after batch: String?, now: Date?) async throws(StoreError) -> EndedBatches {
        try await store.endBatches(after: batch, now: now)
    }
    func waitForTasks(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant
    ) async throws(StoreError) -> Bool {
        try await store.waitForTasks(names: names, queues: queues, until: end)
    }
    func close() async {}
}

/// A store in which nothing can be claimed any more after the first claim: a dropped index, a missing right.
final class ClaimlessStore: TaskStore {
    private let store: any TaskStore
    private let claims = Mutex(0)

    init(_ store: any TaskStore) { self.store = store }

    var location: String { store.location }
    func requireSchema() async throws(StoreError) { try await store.requireSchema() }
    func look(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look {
        try await store.look(names: names, queues: queues)
    }
    func recover(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask] {
        try await store.recover(request)
    }
    func settle(
        _ settlements: [Settlement],
        thenClaim request: ClaimRequest?,
        now: Date?
    ) async throws(StoreError) -> Exchange {
        let number = claims.withLock { claims in
            claims += request == nil ? 0 : 1
            return claims
        }
        if request != nil, number > 1 { throw StoreError(.other, subject: "test", cause: "injected") }
        return try await store.settle(settlements, thenClaim: request, now: now)
    }
    func dueQueues(names: [String], queues: QueueFilter?) async throws(StoreError) -> [String] {
        try await store.dueQueues(names: names, queues: queues)
    }
    func limits() async throws(StoreError) -> [TaskLimit] { try await store.limits() }
    func claim(
        _ request: ClaimRequest,
        within limits: [TaskLimit.Subject],
        now: Date?
    ) async throws(StoreError) -> Exchange {
        try await store.claim(request, within: limits, now: now)
    }
    func renew(_ proofs: [ClaimProof], lease: Duration, now: Date?) async throws(StoreError) -> [ClaimProof] {
        try await store.renew(proofs, lease: lease, now: now)
    }
    func giveBack(owner: String, except known: [ClaimProof]) async throws(StoreError) -> GivenBack {
        try await store.giveBack(owner: owner, except: known)
    }
    func perform(
        _ script: Script,
        settling settlement: Settlement,
        timeLimit: Duration
    ) async throws(StoreError) -> ScriptOutcome {
        try await store.perform(script, settling: settlement, timeLimit: timeLimit)
    }
    func note(_ progress: [ClaimProof: ProgressNote]) async throws(StoreError) -> [ClaimProof] {
        try await store.note(progress)
    }
    func cancelRequests(among proofs: [ClaimProof]) async throws(StoreError) -> [ClaimProof] {
        try await store.cancelRequests(among: proofs)
    }
    func prune(limit: Int, now: Date?) async throws(StoreError) -> Int { try await store.prune(limit: limit, now: now) }
    func waitingNames(limit: Int) async throws(StoreError) -> [String] { try await store.waitingNames(limit: limit) }
    func show(_ id: Int64) async throws(StoreError) -> TaskRow? { try await store.show(id) }
    func repairLockLines(now: Date?) async throws(StoreError) -> Int { try await store.repairLockLines(now: now) }
    func endBatches(after batch: String?, now: Date?) async throws(StoreError) -> EndedBatches {
        try await store.endBatches(after: batch, now: now)
    }
    func waitForTasks(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant
    ) async throws(StoreError) -> Bool {
        try await store.waitForTasks(names: names, queues: queues, until: end)
    }
    func close() async {}
}

@Suite("Faults")
struct FaultTests {
    @Test(
        "whichever call fails, each task is performed once and none is lost",
        arguments: StoreUnderTest.allCases,
        FaultyStore.Fault.allCases
    )
    func everyCall(_ kind: StoreUnderTest, _ fault: FaultyStore.Fault) async throws {
        for isDivided in [false, true] { try await everyCall(kind, fault, isDivided: isDivided) }
    }

    /// Divided: the run claims from several queues, and within limits, one after the other.
    private func everyCall(_ kind: StoreUnderTest, _ fault: FaultyStore.Fault, isDivided: Bool) async throws {
        for number in 1...100 {
            var isSpent = false
            try await Fixture.with(kind) { fixture in
                let ids = try await fixture.due(6)
                try await fixture.due(name: "F")
                let (handler, failing) = (
                    ClosureHandler(), ClosureHandler("F") { _, _ in .failed(error: "no", retryAfter: .seconds(3600)) }
                )
                let faulty = FaultyStore(fixture.store, fault: fault, atCall: number)
                if isDivided { try await fixture.store.setLimit(TaskLimit(.name("F"), running: 5)) }
                let report = try await fixture.makeRun([handler, failing], store: faulty) {
                    if isDivided { $0.queues = QueueFilter.groups(["none", "default"]) }
                }.run()
                let left = try await fixture.value("SELECT count(*) FROM tasks WHERE task_name = 'A'")
                #expect(left == "0" || report.trouble != nil, "call \(number): it must say that it left something")
                // A run that found the table locked leaves the rest to the next one.
                _ = try await fixture.makeRun([handler, failing], pid: 2).run()
                #expect(handler.ids == ids, "call \(number)")
                #expect(failing.ids.count == 1, "call \(number)")
                let rows = try await fixture.rows("SELECT task_name, status, attempts, crashes FROM tasks")
                #expect(rows == ["F|WAITING|1|0"], "call \(number)")
                isSpent = faulty.isSpent
            }
            if !isSpent { return }
        }
        Issue.record("the run made more than 100 calls")
    }

    @Test("what has ended is written down although nothing can be claimed any more", arguments: StoreUnderTest.allCases)
    func claimless(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(6)
            let handler = ClosureHandler()
            let run = try fixture.makeRun([handler], store: ClaimlessStore(fixture.store))
            let error = await #expect(throws: StoreError.self) { _ = try await run.run() }
            #expect(error?.code == .other)
            #expect(handler.ids == [1, 2])
            try await fixture.expect("SELECT count(*) FROM tasks WHERE status = 'WAITING' AND attempts = 0", "4")
            try await fixture.expect("SELECT count(*) FROM tasks", "4")
        }
    }
}
