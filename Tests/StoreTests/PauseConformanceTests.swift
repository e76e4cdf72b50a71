import Foundation
import TaskRun
import Testing

@Suite("Paused queues")
struct PauseConformanceTests {
    @Test(
        "nothing of a paused queue is claimed until it is resumed; other queues go on",
        arguments: StoreUnderTest.allCases
    )
    func pause(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2, columns: "queue", values: "'mail'")
            try await fixture.add(1)
            try await fixture.store.pause("mail", for: nil, why: "down", by: "ada@web1")
            // Another run, which knows nothing of what the one before saw.
            #expect(try await fixture.claim(queues: ["mail"]).isEmpty)
            #expect(try await fixture.claim().map(\.id) == [3])
            #expect(try await fixture.claim().isEmpty)
            #expect(try await !fixture.store.look(names: ["A"], queues: nil).isDue)
            let paused = try #require(try await fixture.store.summary().paused.first)
            #expect((paused.queue, paused.until, paused.why, paused.by) == ("mail", nil, "down", "ada@web1"))
            #expect(abs(paused.since.timeIntervalSinceNow) < 60)
            #expect(try await fixture.store.resume(["mail", "other"]) == ["mail"])
            #expect(try await fixture.store.resume(["mail"]).isEmpty)
            #expect(try await fixture.store.summary().paused.isEmpty)
            #expect(try await fixture.claim().map(\.id) == [1, 2])
        }
    }

    @Test("a pause ends by itself", arguments: StoreUnderTest.allCases)
    func end(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(1, columns: "queue", values: "'mail'")
            let end = Fixture.moment(Fixture.start.addingTimeInterval(60))
            try await fixture.sql("INSERT INTO task_queues (queue, paused_until) VALUES ('mail', \(end))")
            #expect(try await fixture.claim(now: Fixture.start.addingTimeInterval(59)).isEmpty)
            #expect(try await fixture.claim(now: Fixture.start.addingTimeInterval(60)).map(\.id) == [1])
        }
    }

    @Test("tasks that were in a crash wait for the end of the pause as well", arguments: StoreUnderTest.allCases)
    func crashed(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(1, columns: "queue, crashes", values: "'mail', 1")
            try await fixture.store.pause("mail", for: .seconds(1_000_000_000), why: nil, by: nil)
            #expect(try await fixture.claim().isEmpty)
            #expect(try await !fixture.store.look(names: ["A"], queues: nil).isDue)
            _ = try await fixture.store.resume(["mail"])
            #expect(try await fixture.claim().map(\.id) == [1])
        }
    }

    @Test(
        "a run that waits is woken by the end of a pause, and not by what is paused",
        arguments: StoreUnderTest.allCases
    )
    func wait(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("INSERT INTO tasks (task_name, queue) VALUES ('A', 'mail')")
            try await fixture.store.pause("mail", for: nil, why: nil, by: nil)
            let soon = ContinuousClock.now + .milliseconds(300)
            #expect(try await !fixture.store.waitForTasks(names: ["A"], queues: nil, until: soon))
            #expect(
                try await !fixture.store.waitForTasks(names: ["A"], queues: ["mail"], until: soon + .milliseconds(300))
            )
            let other = try fixture.anotherStore()
            async let isDue = fixture.store.waitForTasks(names: ["A"], queues: nil, until: .now + .seconds(60))
            _ = try await other.resume(["mail"])
            #expect(try await isDue)
            try await other.pause("mail", for: .milliseconds(500), why: nil, by: nil)
            #expect(try await fixture.store.waitForTasks(names: ["A"], queues: ["mail"], until: .now + .seconds(60)))
            await other.close()
        }
    }

    @Test("a name that no queue can have is refused", arguments: StoreUnderTest.allCases)
    func refused(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for name in ["", "a\u{7}b", String(repeating: "q", count: 201)] {
                let error = await #expect(throws: StoreError.self) {
                    try await fixture.store.pause(name, for: nil, why: nil, by: nil)
                }
                #expect(error?.code == .refused, "\(String(describing: error))")
            }
        }
    }
}
