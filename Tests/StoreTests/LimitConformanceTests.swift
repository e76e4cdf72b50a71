import Foundation
import Synchronization
import TaskRun
import Testing

@Suite("Limits")
struct LimitConformanceTests {
    private func claim(
        _ fixture: Fixture,
        _ limit: TaskLimit.Subject...,
        after seconds: Double = 0
    ) async throws -> [Int64] {
        let request = ClaimRequest(owner: "me", names: ["A", "B"], share: .usual(limit: 10, crashed: 10))
        let now = Fixture.start.addingTimeInterval(seconds)
        return try await fixture.store.claim(request, within: limit, now: now).map(\.id)
    }

    @Test(
        "no more are in hand at once than the limit, over all runs; what ends makes room",
        arguments: StoreUnderTest.allCases
    )
    func running(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(5, columns: "queue", values: "'mail'")
            try await fixture.store.setLimit(TaskLimit(.queue("mail"), running: 2))
            #expect(try await fixture.store.limits() == [TaskLimit(.queue("mail"), running: 2)])
            #expect(try await claim(fixture, .queue("mail")) == [1, 2])
            #expect(try await claim(fixture, .queue("mail")).isEmpty)
            let other = try fixture.anotherStore()
            let request = ClaimRequest(owner: "other", names: ["A"], share: .usual(limit: 10, crashed: 10))
            #expect(try await other.claim(request, within: [.queue("mail")], now: Fixture.start).isEmpty)
            await other.close()
            try await fixture.sql("DELETE FROM tasks WHERE id = 1")
            #expect(try await claim(fixture, .queue("mail")) == [3])
            try await fixture.store.setLimit(TaskLimit(.queue("mail"), running: 0))
            try await fixture.sql("DELETE FROM tasks WHERE id IN (2, 3)")
            #expect(try await claim(fixture, .queue("mail")).isEmpty)
            try await fixture.store.setLimit(TaskLimit(.queue("mail")))
            #expect(try await fixture.store.limits().isEmpty)
            #expect(try await claim(fixture, .queue("mail")) == [4, 5])
        }
    }

    @Test(
        "no more are begun in a minute than the limit; a minute later it is counted anew",
        arguments: StoreUnderTest.allCases
    )
    func perMinute(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(8)
            try await fixture.store.setLimit(TaskLimit(.name("A"), perMinute: 3))
            #expect(try await claim(fixture, .name("A")) == [1, 2, 3])
            try await fixture.sql("DELETE FROM tasks WHERE id < 4")
            #expect(try await claim(fixture, .name("A"), after: 59).isEmpty)
            #expect(try await claim(fixture, .name("A"), after: 60) == [4, 5, 6])
            #expect(try await claim(fixture, .name("A"), after: 61).isEmpty)
            // The clock was put back.
            #expect(try await claim(fixture, .name("A"), after: -3) == [7, 8])
        }
    }

    @Test("where several limits hold, the least decides", arguments: StoreUnderTest.allCases)
    func several(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(5)
            try await fixture.store.setLimit(TaskLimit(.name("A"), running: 3, perMinute: 4))
            try await fixture.store.setLimit(TaskLimit(.queue("default"), running: 2))
            #expect(try await claim(fixture, .name("A"), .queue("default")) == [1, 2])
            try await fixture.store.setLimit(TaskLimit(.queue("default"), running: 10))
            #expect(try await claim(fixture, .name("A"), .queue("default")) == [3])
            try await fixture.sql("DELETE FROM tasks WHERE id < 4")
            #expect(try await claim(fixture, .name("A"), .queue("default")) == [4])
            #expect(try await claim(fixture, .name("A"), .queue("default")).isEmpty)
        }
    }

    @Test("many runs at once stay within the limit, and get everything done", arguments: StoreUnderTest.allCases)
    func manyRuns(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for name in ["A", "B"] {
                for _ in 0..<10 {
                    try await fixture.sql(
                        "INSERT INTO tasks (task_name, queue) VALUES ('\(name)', 'mail'), ('\(name)', 'q')"
                    )
                }
            }
            try await fixture.store.setLimit(TaskLimit(.queue("mail"), running: 2))
            try await fixture.store.setLimit(TaskLimit(.name("B"), running: 1))
            let seen = Mutex((mail: 0, b: 0, mostMail: 0, mostB: 0))
            let handlers = ["A", "B"].map { name in
                ClosureHandler(name) { task, _ in
                    let isMail = task.queue == "mail"
                    seen.withLock { state in
                        state.mail += isMail ? 1 : 0
                        state.b += name == "B" ? 1 : 0
                        (state.mostMail, state.mostB) = (max(state.mostMail, state.mail), max(state.mostB, state.b))
                    }
                    try? await Task.sleep(for: .milliseconds(5))
                    seen.withLock { state in
                        state.mail -= isMail ? 1 : 0
                        state.b -= name == "B" ? 1 : 0
                    }
                    return .succeeded()
                }
            }
            var succeeded = 0
            while try await fixture.value("SELECT count(*) FROM tasks") != "0" {
                let other = try fixture.anotherStore()
                let runs = try [fixture.store, other].enumerated().map { pid, store in
                    try fixture.makeRun(handlers, store: store, pid: Int32(pid + 1)) { $0.concurrency = 4 }
                }
                async let one = runs[0].run()
                async let two = runs[1].run()
                succeeded += try await one.succeeded + two.succeeded
                await other.close()
            }
            #expect(succeeded == 40)
            #expect(seen.withLock { $0.mostMail } <= 2 && seen.withLock { $0.mostB } <= 1)
        }
    }

    @Test("names that cannot be are refused", arguments: StoreUnderTest.allCases)
    func refused(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for limit in [
                TaskLimit(.queue("a*"), running: 1), TaskLimit(.queue(""), running: 1),
                TaskLimit(.name("A"), running: -1),
            ] {
                let error = await #expect(throws: StoreError.self) { try await fixture.store.setLimit(limit) }
                #expect(error?.code == .refused, "\(String(describing: error))")
            }
        }
    }
}
