import Foundation
import Synchronization
import TaskRun
import Testing

/// The turn of runs in one process.
final class TestTurn: ClaimingRole {
    private let state = Mutex((isWanted: false, isPassed: false, listener: (@Sendable () -> Void)?.none))

    func take(unless isCancelled: @escaping @Sendable () -> Bool) async -> Bool { true }
    var isWanted: Bool { state.withLock { $0.isWanted } }
    var isPassed: Bool { state.withLock { $0.isPassed } }
    func listen(_ listener: @escaping @Sendable () -> Void) { state.withLock { $0.listener = listener } }
    func pass() { state.withLock { $0.isPassed = true } }

    /// Asks for the turn.
    func want() {
        state.withLock { state in
            state.isWanted = true
            return state.listener
        }?()
    }
}

@Suite("A run that stays")
struct LingerTests {
    @Test("begins what is added while it waits, until it is asked to stop", arguments: StoreUnderTest.allCases)
    func stays(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let (handler, stop) = (ClosureHandler(), StopSignal())
            async let report = fixture.makeRun([handler], stop: stop, turn: TestTurn()).run()
            for number in 1...20 {
                try await fixture.sql("INSERT INTO tasks (task_name) VALUES ('A')")
                try await eventually("task \(number) was not begun") { handler.ids.count == number }
            }
            stop.request()
            #expect(try await report.succeeded == 20)
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test(
        "hears a request to stop, and a newcomer, while it pauses after looking in vain",
        arguments: StoreUnderTest.allCases,
        [false, true]
    )
    func pausing(_ kind: StoreUnderTest, _ isNewcomer: Bool) async throws {
        try await Fixture.with(kind) { fixture in
            let (stop, turn) = (StopSignal(), TestTurn())
            // The fourth claim is the last before the pause: what must be performed alone, the second time.
            let store = CountingStore(fixture.store, vainWaits: 1) { number in
                guard number >= 4 else { return }
                if isNewcomer { turn.want() } else { stop.request() }
            }
            let report = try await fixture.makeRun([ClosureHandler()], store: store, stop: stop, turn: turn) {
                $0.window = .seconds(60)
            }.run()
            #expect(report.duration < .seconds(30))
        }
    }

    @Test("begins a task although others are at work for long", arguments: StoreUnderTest.allCases)
    func besideOthers(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let (gate, stop) = (Gate(), StopSignal())
            let slow = ClosureHandler("SLOW") { _, _ in
                await gate.wait()
                return .succeeded()
            }
            let handler = ClosureHandler()
            async let report = fixture.makeRun([slow, handler], stop: stop, turn: TestTurn()).run()
            try await fixture.due(name: "SLOW")
            for number in 1...5 {
                try await fixture.due()
                try await eventually("task \(number) was not begun") { handler.ids.count == number }
            }
            #expect(slow.ids.count == 1)
            gate.open()
            stop.request()
            #expect(try await report.succeeded == 6)
        }
    }

    @Test(
        "passes its turn on when asked, claims nothing more, and finishes what it began",
        arguments: StoreUnderTest.allCases
    )
    func handsOver(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let (gate, turn) = (Gate(), TestTurn())
            let handler = ClosureHandler { _, _ in
                await gate.wait()
                return .succeeded()
            }
            async let report = fixture.makeRun([handler], turn: turn).run()
            try await fixture.due(1)
            try await eventually("nothing was begun") { handler.ids.count == 1 }
            turn.want()
            try await eventually("the turn was not passed on") { turn.isPassed }
            try await fixture.due(3)
            gate.open()
            #expect(try await report.claimed == 1)
            try await fixture.expect("SELECT count(*) FROM tasks WHERE status = 'WAITING'", "3")
        }
    }

    @Test("leaves at the end of its window", arguments: StoreUnderTest.allCases)
    func window(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let turn = TestTurn()
            let report = try await fixture.makeRun([ClosureHandler()], turn: turn) { $0.window = .milliseconds(700) }
                .run()
            #expect(report.duration >= .milliseconds(700))
            #expect(report.trouble == nil && turn.isPassed)
        }
    }

    @Test("does not ask in a circle for what cannot be claimed", arguments: StoreUnderTest.allCases)
    func vain(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let (gate, stop) = (Gate(), StopSignal())
            let slow = ClosureHandler("SLOW") { _, _ in
                await gate.wait()
                return .succeeded()
            }
            let counting = CountingStore(fixture.store)
            async let report = fixture.makeRun([slow, ClosureHandler()], store: counting, stop: stop, turn: TestTurn())
                .run()
            try await fixture.due(name: "SLOW")
            try await eventually("nothing was begun") { slow.ids.count == 1 }
            // To be performed with nothing else in hand.
            try await fixture.sql("INSERT INTO tasks (task_name, crashes) VALUES ('A', 3)")
            try await Task.sleep(for: .seconds(2))
            #expect(counting.claims < 60)
            gate.open()
            try await eventually("the task was not begun") {
                try await fixture.value("SELECT count(*) FROM tasks") == "0"
            }
            stop.request()
            _ = try await report
        }
    }
}

/// A store that counts the claims; the first waits may be told of due tasks that are not there.
final class CountingStore: TaskStore {
    private let store: any TaskStore
    private let count = Mutex(0)
    private let vainWaits: Mutex<Int>
    private let onClaim: @Sendable (Int) -> Void
    private let glances = Mutex((notes: 0, looks: 0))

    init(_ store: any TaskStore, vainWaits: Int = 0, onClaim: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.store = store
        self.vainWaits = Mutex(vainWaits)
        self.onClaim = onClaim
    }

    var claims: Int { count.withLock { $0 } }
    var notes: Int { glances.withLock { $0.notes } }
    var looksForCancel: Int { glances.withLock { $0.looks } }
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
        let number = count.withLock { count in
            count += 1
            return count
        }
        onClaim(number)
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
        glances.withLock { $0.notes += 1 }
        return try await store.note(progress)
    }
    func cancelRequests(among proofs: [ClaimProof]) async throws(StoreError) -> [ClaimProof] {
        glances.withLock { $0.looks += 1 }
        return try await store.cancelRequests(among: proofs)
    }
    func endBatches(after batch: String?, now: Date?) async throws(StoreError) -> EndedBatches {
        try await store.endBatches(after: batch, now: now)
    }
    func prune(limit: Int, now: Date?) async throws(StoreError) -> Int { try await store.prune(limit: limit, now: now) }
    func waitingNames(limit: Int) async throws(StoreError) -> [String] { try await store.waitingNames(limit: limit) }
    func show(_ id: Int64) async throws(StoreError) -> TaskRow? { try await store.show(id) }
    func repairLockLines(now: Date?) async throws(StoreError) -> Int { try await store.repairLockLines(now: now) }
    func waitForTasks(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant
    ) async throws(StoreError) -> Bool {
        let isVain = vainWaits.withLock { left in
            left -= 1
            return left >= 0
        }
        if isVain { return true }
        return try await store.waitForTasks(names: names, queues: queues, until: end)
    }
    func close() async {}
}
