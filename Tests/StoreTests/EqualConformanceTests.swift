import Foundation
import TaskRun
import Testing

/// Of two equal tasks that would both wait the one with the higher number stays, whichever comes back last and by whatever way.
@Suite("The newer of equal tasks")
struct EqualConformanceTests {
    /// The ways back to WAITING.
    enum Way: CaseIterable { case retry, release, giveBack, recover, byHand }

    /// A claimed task, and an equal one that was added and claimed since; the first one waits again.
    private func older(_ fixture: Fixture, _ columns: String = "", _ values: String = "") async throws -> ClaimedTask {
        try await fixture.add(columns: "dedupe_key, data" + columns, values: "'k', '\"old\"'" + values)
        let first = try #require(try await fixture.claim().first)
        try await fixture.add(columns: "dedupe_key, data", values: "'k', '\"new\"'")
        let second = try #require(try await fixture.claim(owner: "other").first)
        let back = Settlement(
            first.proof,
            .retry(after: .seconds(3600), error: "x"),
            lockKey: first.lockKey,
            batch: first.batch
        )
        #expect(try await fixture.store.settle([back], now: Fixture.start) == [.settled])
        return second
    }

    private func putBack(_ task: ClaimedTask, _ way: Way, _ fixture: Fixture) async throws {
        let store = fixture.store
        switch way {
        case .retry:
            let retry = Settlement(task.proof, .retry(after: .zero, error: "y"))
            #expect(try await store.settle([retry], now: Fixture.start) == [.settled])
        case .release:
            #expect(try await store.settle([Settlement(task.proof, .release())], now: Fixture.start) == [.settled])
        case .giveBack: #expect(try await store.giveBack(owner: "other", except: []).count == 1)
        case .recover:
            let request = RecoverRequest(isDead: { $0 == "other" }, now: Fixture.start)
            #expect(try await store.recover(request).map(\.gaveWay) == [false])
        case .byHand:
            #expect(try await store.settle([Settlement(task.proof, .fail(error: "z"))]) == [.settled])
            #expect(try await store.retry(.all) == [task.id])
        }
    }

    @Test("stays, and the older one that waits goes", arguments: StoreUnderTest.allCases, Way.allCases)
    func stays(_ kind: StoreUnderTest, _ way: Way) async throws {
        try await Fixture.with(kind) { fixture in
            let newer = try await older(fixture)
            try await putBack(newer, way, fixture)
            #expect(try await fixture.rows("SELECT id, data, status FROM tasks") == ["2|\"new\"|WAITING"])
        }
    }

    @Test(
        "stays; whoever asked for the older one is told, its batch ends, and the line of its key goes on",
        arguments: StoreUnderTest.allCases,
        Way.allCases
    )
    func whatFollows(_ kind: StoreUnderTest, _ way: Way) async throws {
        try await Fixture.with(kind) { fixture in
            let newer = try await older(fixture, ", token, batch, lock_key", ", 't', 'b', 'line'")
            try await fixture.add(name: "LAST", columns: "after_batch", values: "'b'")
            try await fixture.add(columns: "lock_key", values: "'line'")
            // The older one holds its key while it waits for its next attempt.
            #expect(try await fixture.claim(owner: "third").isEmpty)
            try await putBack(newer, way, fixture)
            #expect(
                try await fixture.rows("SELECT state, error FROM task_results WHERE token = 't'") == [
                    "CANCELLED|gave way to a newer equal task"
                ]
            )
            try await fixture.expect("SELECT count(*) FROM tasks WHERE id = 1", "0")
            try await fixture.expect("SELECT after_batch FROM tasks WHERE task_name = 'LAST'", nil)
            #expect(try await fixture.claim(owner: "third").map(\.id).contains(4))
        }
    }

    @Test("of FAILED ones that are sent back together the newest goes, and only it", arguments: StoreUnderTest.allCases)
    func failedTogether(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3, columns: "dedupe_key, status", values: "'k', 'FAILED'")
            try await fixture.add(columns: "status", values: "'FAILED'")
            #expect(try await fixture.store.retry(.all) == [3, 4])
            #expect(try await fixture.rows("SELECT id FROM tasks WHERE status = 'FAILED' ORDER BY id") == ["1", "2"])
        }
    }

    @Test("stays where the older one is FAILED and sent back", arguments: StoreUnderTest.allCases)
    func olderFailed(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "dedupe_key, status", values: "'k', 'FAILED'")
            try await fixture.add(columns: "dedupe_key", values: "'k'")
            #expect(try await fixture.store.retry(.ids([1])).isEmpty)
            #expect(try await fixture.rows("SELECT id, status FROM tasks ORDER BY id") == ["1|FAILED", "2|WAITING"])
        }
    }

    @Test("a newer one that is to be cancelled takes nothing with it", arguments: StoreUnderTest.allCases)
    func cancelled(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let newer = try await older(fixture)
            let moment = Fixture.moment(Fixture.start)
            try await fixture.sql("UPDATE tasks SET cancel_requested_at = \(moment) WHERE id = 2")
            let results = try await fixture.store.settle([Settlement(newer.proof, .release())], now: Fixture.start)
            #expect(results == [.gaveWay] || results == [.cancelled])
            #expect(try await fixture.rows("SELECT data FROM tasks") == ["\"old\""])
        }
    }

    @Test("of many dead runs' equal tasks the newest is taken over", arguments: StoreUnderTest.allCases)
    func recovered(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for _ in 0..<3 {
                try await fixture.add(columns: "dedupe_key", values: "'k'")
                #expect(try await fixture.claim(owner: "dead").count == 1)
            }
            let request = RecoverRequest(isDead: { $0 == "dead" }, now: Fixture.start)
            let recovered = try await fixture.store.recover(request)
            #expect(recovered.filter { !$0.gaveWay }.map(\.id) == [3])
            #expect(try await fixture.rows("SELECT id FROM tasks") == ["3"])
        }
    }
}
