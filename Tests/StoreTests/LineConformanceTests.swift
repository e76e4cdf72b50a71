import Foundation
import TaskRun
import Testing

/// What leads the line of a lock key on where its head goes in another way than by its own end.
@Suite("Lines")
struct LineConformanceTests {
    private func cancel(_ fixture: Fixture, _ ids: Int64...) async throws -> [CancelOutcome] {
        try await fixture.store.cancel(ids.map { .id($0) }, retention: ResultRetention(.seconds(60)))
    }

    @Test("to cancel a waiting row leads its line on", arguments: StoreUnderTest.allCases)
    func cancelled(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let task = try await fixture.twoInLine()
            let retry = Settlement(task.proof, .retry(after: .seconds(60), error: "x"), lockKey: "k")
            #expect(try await fixture.store.settle([retry], now: Fixture.start) == [.settled])
            #expect(try await fixture.claim().isEmpty)
            #expect(try await cancel(fixture, 1) == [.cancelled])
            #expect(try await fixture.claim().map(\.id) == [2])
        }
    }

    @Test("to cancel the first of a line that nobody has claimed leads it on", arguments: StoreUnderTest.allCases)
    func cancelledFirst(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(name: "NOBODY", columns: "lock_key", values: "'k'")
            try await fixture.add(2, columns: "lock_key", values: "'k'")
            #expect(try await fixture.claim().isEmpty)
            #expect(try await cancel(fixture, 1, 2) == [.cancelled, .cancelled])
            #expect(try await fixture.claim().map(\.id) == [3])
        }
    }

    @Test(
        "a row that goes because it was to be cancelled leads its line on",
        arguments: StoreUnderTest.allCases,
        [Verdict.retry(after: .seconds(60), error: "x"), .release(after: .seconds(60)), .release()]
    )
    func putBack(_ kind: StoreUnderTest, _ verdict: Verdict) async throws {
        try await Fixture.with(kind) { fixture in
            let task = try await fixture.twoInLine()
            #expect(try await cancel(fixture, 1) == [.asked])
            let settlement = Settlement(task.proof, verdict, lockKey: "k")
            #expect(try await fixture.store.settle([settlement], now: Fixture.start) == [.cancelled])
            try await fixture.expect("SELECT count(*) FROM tasks", "1")
            #expect(try await fixture.claim().map(\.id) == [2])
        }
    }

    @Test("so does one of several that meet equal ones", arguments: StoreUnderTest.allCases)
    func besideOneThatGivesWay(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let task = try await fixture.twoInLine()
            try await fixture.add(columns: "dedupe_key", values: "'d'")
            let other = try #require(try await fixture.claim().first)
            try await fixture.add(columns: "dedupe_key", values: "'d'")
            #expect(try await cancel(fixture, 1) == [.asked])
            let verdict = Verdict.retry(after: .seconds(60), error: "x")
            let settlements = [Settlement(task.proof, verdict, lockKey: "k"), Settlement(other.proof, verdict)]
            #expect(try await fixture.store.settle(settlements, now: Fixture.start) == [.cancelled, .gaveWay])
            #expect(try await fixture.claim().map(\.id).sorted() == [2, 4])
        }
    }

    @Test("so does one whose run died, and one that a lost answer claimed", arguments: StoreUnderTest.allCases)
    func recovered(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.twoInLine()
            #expect(try await cancel(fixture, 1) == [.asked])
            let request = RecoverRequest(now: Fixture.start + 400)
            #expect(try await fixture.store.recover(request).map(\.id) == [1])
            #expect(try await fixture.claim().map(\.id) == [2])
            try await fixture.add(columns: "lock_key", values: "'k'")
            #expect(try await fixture.claim().isEmpty)
            #expect(try await cancel(fixture, 2) == [.asked])
            #expect(try await fixture.store.giveBack(owner: "me", except: []).count == 1)
            #expect(try await fixture.claim().map(\.id) == [3])
        }
    }
}

extension Fixture {
    /// Two rows of a key: the first in hand, the second known to be behind it.
    func twoInLine() async throws -> ClaimedTask {
        try await add(2, columns: "lock_key", values: "'k'")
        let task = try #require(try await claim().first)
        #expect(task.id == 1)
        #expect(try await claim().isEmpty)
        try await expect("SELECT lock_place FROM tasks WHERE id = 2", "1")
        return task
    }
}
