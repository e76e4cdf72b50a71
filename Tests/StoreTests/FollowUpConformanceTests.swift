import Foundation
import TaskRun
import Testing

@Suite("Tasks that follow")
struct FollowUpConformanceTests {
    private func names(_ fixture: Fixture) async throws -> [String] {
        try await fixture.rows("SELECT task_name FROM tasks ORDER BY id")
    }

    @Test(
        "they are added by the transaction that deletes the row, with what they set",
        arguments: StoreUnderTest.allCases
    )
    func added(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            let task = try #require(try await fixture.claim().first)
            let followUps = [
                NewTask(name: "B", data: #"{"n":1}"#, queue: "mail", priority: 7, token: "t"),
                NewTask(name: "C", lockKey: "k"),
                NewTask(name: "D", dedupeKey: "d"), NewTask(name: "D", dedupeKey: "d"),
            ]
            let exchange = try await fixture.store.settle(
                [Settlement(task.proof, .delete, followUps: followUps)],
                thenClaim: ClaimRequest(owner: "me", names: ["B"], share: .usual(limit: 10, crashed: 10)),
                now: nil
            )
            #expect(exchange.results == [.settled])
            #expect(exchange.claimed.map(\.name) == ["B"] && exchange.claimed.map(\.queue) == ["mail"])
            #expect(try await names(fixture) == ["B", "C", "D"])
        }
    }

    @Test("none is added where the lease is lost or the task goes on", arguments: StoreUnderTest.allCases)
    func notAdded(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3)
            let tasks = try await fixture.claim()
            try await fixture.sql("UPDATE tasks SET claim_no = 9 WHERE id = 1")
            let verdicts = [Verdict.delete, .retry(after: .zero, error: "no"), .fail(error: "no")]
            let results = try await fixture.store.settle(
                zip(tasks, verdicts).map { Settlement($0.proof, $1, followUps: [NewTask(name: "B")]) }
            )
            #expect(results == [.leaseLost, .settled, .settled])
            #expect(try await names(fixture) == ["A", "A", "A"])
        }
    }

    @Test("where the table refuses one of them nothing is done", arguments: StoreUnderTest.allCases)
    func refused(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2)
            try await fixture.add(columns: "token", values: "'taken'")
            let tasks = try await fixture.claim(limit: 2)
            for bad in [NewTask(name: ""), NewTask(name: "B", data: "{"), NewTask(name: "B", token: "taken")] {
                let settlements = [
                    Settlement(tasks[0].proof, .delete, followUps: [NewTask(name: "B"), bad]),
                    Settlement(tasks[1].proof, .retry(after: .zero, error: "no")),
                ]
                do {
                    _ = try await fixture.store.settle(settlements)
                    Issue.record("it was taken: \(bad)")
                } catch {
                    #expect((error as? StoreError)?.code == .refused, "\(error)")
                }
            }
            #expect(
                try await fixture.rows("SELECT task_name, status FROM tasks ORDER BY id") == [
                    "A|PROCESSING", "A|PROCESSING", "A|WAITING",
                ]
            )
        }
    }

    @Test("a task of a batch that adds tasks to it keeps the batch open", arguments: StoreUnderTest.allCases)
    func growing(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", batch: "b"), NewTask(name: "Z", afterBatch: "b")])
            let task = try #require(try await fixture.claim(now: .now).first)
            let next = NewTask(name: "B", batch: "b")
            _ = try await fixture.store.settle([Settlement(task.proof, .delete, batch: "b", followUps: [next])])
            #expect(try await fixture.claim(["Z"], now: .now).isEmpty)
            let last = try #require(try await fixture.claim(["B"], now: .now).first)
            _ = try await fixture.store.settle([Settlement(last.proof, .delete, batch: "b")])
            let data = try await fixture.claim(["Z"], now: .now).map { String(decoding: $0.data, as: UTF8.self) }
            #expect(data == [#"{"batch":{"name":"b","complete":2,"failed":0,"cancelled":0}}"#])
        }
    }

    @Test("a handler asks for them, and has them if it succeeds", arguments: StoreUnderTest.allCases)
    func run(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let handler = ClosureHandler { _, context in
                do {
                    try context.add(NewTask(name: "B"))
                    try context.add([NewTask(name: "B"), NewTask(name: "C")])
                    #expect(context.followUps.map(\.name) == ["B", "B", "C"])
                } catch {
                    return .permanentlyFailed(error: "\(error)")
                }
                return context.attempt < 2 ? .failed(error: "not yet", retryAfter: .zero) : .succeeded()
            }
            let other = ClosureHandler("B")
            let report = try await fixture.makeRun([handler, other]).run()
            #expect((report.retried, report.succeeded, report.failed) == (1, 3, 0))
            #expect(other.ids.count == 2)
            #expect(try await names(fixture) == ["C"])
        }
    }

    @Test(
        "a task with one that the table does not take is FAILED and says so; the others go on",
        arguments: StoreUnderTest.allCases
    )
    func bad(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(3)
            let handler = ClosureHandler { task, context in
                try? context.add([NewTask(name: "B"), NewTask(name: task.id == 2 ? "a/b" : "C")])
                return .succeeded()
            }
            let report = try await fixture.makeRun([handler]).run()
            #expect((report.succeeded, report.failed, report.leaseLost) == (2, 1, 0))
            let row = try #require(try await fixture.store.show(2))
            #expect(row.status == .failed)
            #expect(row.lastError?.hasPrefix("a follow-up was refused, and none was added: ") == true)
            #expect(try await fixture.rows("SELECT count(*) FROM tasks WHERE task_name IN ('B', 'C')") == ["4"])
        }
    }

    @Test("a hundred thousand may be asked for, and not one more", arguments: StoreUnderTest.allCases)
    func many(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let handler = ClosureHandler { _, context in
                let tasks = [NewTask](repeating: NewTask(name: "B"), count: NewTask.mostFollowUps)
                do throws(PermanentFailure) {
                    try context.add(tasks)
                    try context.add(NewTask(name: "B"))
                    return .succeeded()
                } catch {
                    return .permanentlyFailed(error: error.description)
                }
            }
            #expect(try await fixture.makeRun([handler]).run().failed == 1)
            #expect(try await fixture.store.show(1)?.lastError?.contains("more than 100,000 follow-ups") == true)
            #expect(try await names(fixture) == ["A"])
        }
    }
}
