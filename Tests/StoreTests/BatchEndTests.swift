import Foundation
import Synchronization
import TaskRun
import Testing

/// Batches whose last task ends without a run that has performed it.
@Suite("Batches that end without a run")
struct BatchEndTests {
    private func add(_ fixture: Fixture, _ tasks: [NewTask]) async throws {
        _ = try await fixture.store.add(tasks + [NewTask(name: "Z", runAt: Fixture.start, afterBatch: "b")])
    }

    private func numbers(_ fixture: Fixture) async throws -> [String] {
        try await fixture.claim(["Z"], now: .distantFuture.addingTimeInterval(-86_400)).map {
            String(decoding: $0.data, as: UTF8.self)
        }
    }

    private let one = NewTask(name: "A", runAt: Fixture.start, batch: "b")

    @Test("waiting tasks that are cancelled end it at once", arguments: StoreUnderTest.allCases)
    func cancelled(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await add(fixture, [one, NewTask(name: "A", runAt: Fixture.start, lockKey: "k", batch: "b"), one])
            #expect(try await fixture.store.cancel([.id(3)], retention: ResultRetention(.seconds(60))) == [.cancelled])
            #expect(try await numbers(fixture).isEmpty)
            #expect(
                try await fixture.store.cancel([.id(1), .id(2)], retention: ResultRetention(.seconds(60))) == [
                    .cancelled, .cancelled,
                ]
            )
            #expect(
                try await numbers(fixture) == [#"{"batch":{"name":"b","complete":0,"failed":0,"cancelled":3}}"#]
            )
            #expect(try await fixture.rows("SELECT * FROM task_batches").isEmpty)
        }
    }

    @Test("waiting tasks that are deleted end it at once", arguments: StoreUnderTest.allCases)
    func deleted(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await add(fixture, [one, one])
            #expect(try await fixture.store.delete([1]) == [1])
            #expect(try await numbers(fixture).isEmpty)
            #expect(try await fixture.store.delete([2]) == [2])
            #expect(
                try await numbers(fixture) == [#"{"batch":{"name":"b","complete":0,"failed":0,"cancelled":0}}"#]
            )
        }
    }

    @Test("one that is cancelled while another one is deleted, too", arguments: StoreUnderTest.allCases)
    func atOnce(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let other = try fixture.anotherStore()
            for round in 0..<30 {
                let ids = try await fixture.store.add([one, one, NewTask(name: "Z", afterBatch: "b")])
                async let cancelled = fixture.store.cancel([.id(ids[0])], retention: ResultRetention(.seconds(60)))
                async let deleted = other.delete([ids[1]])
                #expect(try await cancelled == [.cancelled])
                #expect(try await deleted == [ids[1]])
                #expect(try await numbers(fixture).count == 1, "round \(round)")
            }
            await other.close()
        }
    }

    @Test(
        "one that is given up as its runs died, was cancelled, or gives way ends it",
        arguments: StoreUnderTest.allCases,
        ["crashes = 4", "cancel_requested_at = created_at", "dedupe_key = 'k'"]
    )
    func recovered(_ kind: StoreUnderTest, _ change: String) async throws {
        try await Fixture.with(kind) { fixture in
            try await add(fixture, [one])
            let task = try #require(try await fixture.claim().first)
            try await fixture.sql("UPDATE tasks SET \(change) WHERE id = \(task.id)")
            try await fixture.add(columns: "dedupe_key", values: "'k'")
            let later = Fixture.start.addingTimeInterval(3600)
            #expect(try await fixture.store.recover(RecoverRequest(now: later)).count == 1)
            let expected =
                switch change.prefix(2) {
                case "cr": #""complete":0,"failed":1,"cancelled":0"#
                case "ca": #""complete":0,"failed":0,"cancelled":1"#
                default: #""complete":0,"failed":0,"cancelled":0"#
                }
            #expect(try await numbers(fixture).first?.contains(expected) == true)
            #expect(try await fixture.rows("SELECT * FROM task_batches").isEmpty)
        }
    }

    @Test("one whose run died and that is to be tried again does not", arguments: StoreUnderTest.allCases)
    func again(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await add(fixture, [one])
            #expect(try await fixture.claim().count == 1)
            let later = Fixture.start.addingTimeInterval(3600)
            #expect(try await fixture.store.recover(RecoverRequest(now: later)).count == 1)
            #expect(try await numbers(fixture).isEmpty)
        }
    }

    @Test(
        "a run that finds one expired performs what waited for it, also where nothing else is due",
        arguments: StoreUnderTest.allCases,
        [false, true]
    )
    func expired(_ kind: StoreUnderTest, _ stays: Bool) async throws {
        try await Fixture.with(kind) { fixture in
            let (handler, stop) = (ClosureHandler("Z"), StopSignal())
            let late = NewTask(
                name: "A",
                runAt: .now.addingTimeInterval(3600),
                expiresAt: .now.addingTimeInterval(stays ? 2 : -1),
                batch: "b"
            )
            _ = try await fixture.store.add([late, NewTask(name: "Z", afterBatch: "b")])
            let run = try fixture.makeRun([handler, ClosureHandler()], stop: stop, turn: stays ? TestTurn() : nil)
            async let report = run.run()
            if stays {
                try await eventually("what waited is not performed") { handler.ids.count == 1 }
                stop.request()
            }
            let end = try await report
            #expect((end.expired, end.succeeded) == (1, 1))
        }
    }
}
