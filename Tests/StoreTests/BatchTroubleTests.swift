import Foundation
import TaskRun
import Testing

/// Batches whose tasks end in other ways than the usual one, and batches that nobody waits for any more.
@Suite("Batches in trouble")
struct BatchTroubleTests {
    private func numbers(_ fixture: Fixture) async throws -> [String] {
        try await fixture.claim(["Z"], now: Fixture.start.addingTimeInterval(1)).map {
            String(decoding: $0.data, as: UTF8.self)
        }
    }

    private func add(_ fixture: Fixture, _ tasks: [NewTask], batch: String = "b") async throws {
        _ = try await fixture.store.add(tasks + [NewTask(name: "Z", runAt: Fixture.start, afterBatch: batch)])
    }

    @Test(
        "a task that goes back although it was to be cancelled ends its batch, as it is gone",
        arguments: StoreUnderTest.allCases
    )
    func cancelledRetry(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await add(fixture, [NewTask(name: "A", runAt: Fixture.start, batch: "b")])
            let task = try #require(try await fixture.claim().first)
            #expect(try await fixture.store.cancel([.id(task.id)], keepResult: .seconds(60)) == [.asked])
            let settlement = Settlement(task.proof, .retry(after: .zero, error: "no"), batch: "b")
            #expect(try await fixture.store.settle([settlement], now: Fixture.start) == [.settled])
            #expect(
                try await numbers(fixture) == [#"{"batch":{"name":"b","complete":0,"failed":0,"cancelled":1}}"#]
            )
        }
    }

    @Test("a task that gives way to an equal one ends its batch", arguments: StoreUnderTest.allCases)
    func gaveWay(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await add(fixture, [NewTask(name: "A", runAt: Fixture.start, dedupeKey: "k", batch: "b")])
            let task = try #require(try await fixture.claim().first)
            _ = try await fixture.store.add([NewTask(name: "A", runAt: Fixture.start, dedupeKey: "k")])
            let settlement = Settlement(task.proof, .retry(after: .zero, error: "no"), batch: "b")
            #expect(try await fixture.store.settle([settlement], now: Fixture.start) == [.gaveWay])
            #expect(
                try await numbers(fixture) == [#"{"batch":{"name":"b","complete":0,"failed":0,"cancelled":0}}"#]
            )
        }
    }
}
