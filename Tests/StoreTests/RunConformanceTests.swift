import Foundation
import Synchronization
import TaskRun
import Testing

@Suite("Run")
struct RunConformanceTests {
    @Test("each due task is performed once, and the table is empty", arguments: StoreUnderTest.allCases)
    func drain(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let ids = try await fixture.due(500)
            let handler = ClosureHandler()
            let report = try await fixture.makeRun([handler]).run()
            #expect(handler.ids == ids)
            #expect((report.succeeded, report.leaseLost, report.trouble) == (500, 0, nil))
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test("a run with nothing to do ends, each time", arguments: StoreUnderTest.allCases)
    func nothing(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for _ in 0..<20 { _ = try await fixture.makeRun([ClosureHandler()]).run() }
        }
    }

    @Test("handlers may settle their tasks themselves", arguments: StoreUnderTest.allCases)
    func selfSettling(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(40)
            let store = fixture.store
            let handler = ClosureHandler { task, context in
                let script = Script(sql: "SELECT 1", values: [:])
                let outcome = try? await store.perform(script, settling: task.proof, timeLimit: .seconds(60))
                return outcome == .done ? .settled(.settled) : .failed(error: "\(String(describing: outcome))")
            }
            let report = try await fixture.makeRun([handler]).run()
            #expect((report.succeeded, report.leaseLost) == (40, 0))
        }
    }

    @Test("three runs at once share the work, each task is performed once", arguments: StoreUnderTest.allCases)
    func threeRuns(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let ids = try await fixture.due(2000)
            let handler = ClosureHandler()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for pid in 1...3 {
                    let store = try fixture.anotherStore()
                    group.addTask {
                        _ = try await fixture.makeRun([handler], store: store, pid: Int32(pid)).run()
                        await store.close()
                    }
                }
                try await group.waitForAll()
            }
            #expect(handler.ids == ids)
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test(
        "a failed attempt is tried again after the backoff, until the attempts are used up",
        arguments: StoreUnderTest.allCases
    )
    func retries(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(maxAttempts: 2)
            let handler = ClosureHandler { _, _ in .failed(error: "no route") }
            let before = Date()
            #expect(try await fixture.makeRun([handler]).run().retried == 1)
            let after = Date()
            var row = try #require(try await fixture.store.show(1))
            #expect((row.status, row.attempts, row.lastError) == (.waiting, 1, "no route"))
            // Both clocks are this machine's, and SQLite keeps milliseconds.
            #expect(row.runAt.timeIntervalSince(before) > 9.99 && row.runAt.timeIntervalSince(after) < 20.01)
            try await fixture.sql("UPDATE tasks SET run_at = created_at")
            #expect(try await fixture.makeRun([handler]).run().failed == 1)
            row = try #require(try await fixture.store.show(1))
            #expect((row.status, row.attempts) == (.failed, 2))
            #expect(row.lastError?.hasPrefix("no route") == true)
        }
    }

    @Test(
        "a permanent failure is FAILED at once, and a wish to come later costs no attempt",
        arguments: StoreUnderTest.allCases
    )
    func outcomes(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for name in ["P", "L", "R"] { try await fixture.due(name: name) }
            let report = try await fixture.makeRun([
                ClosureHandler("P") { _, _ in .permanentlyFailed(error: "never") },
                ClosureHandler("L") { _, _ in .later(after: .seconds(100), note: "busy") },
                ClosureHandler("R") { _, _ in .failed(error: "slow down", retryAfter: .seconds(1000)) },
            ]).run()
            #expect((report.failed, report.released, report.retried) == (1, 1, 1))
            #expect(
                try await fixture.rows("SELECT status, attempts, last_error FROM tasks ORDER BY id")
                    == ["FAILED|1|never", "WAITING|0|busy", "WAITING|1|slow down"]
            )
            let waits = try await fixture.store.list(TaskFilter()).map { $0.runAt.timeIntervalSinceNow }
            #expect((50...100).contains(waits[1]) && (950...1000).contains(waits[2]), "\(waits)")
        }
    }

    @Test(
        "a row whose task name has no handler here is never touched, only reported",
        arguments: StoreUnderTest.allCases
    )
    func unknown(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(name: "UNKNOWN")
            try await fixture.due()
            let before = try await fixture.store.show(1)
            let report = try await fixture.makeRun([ClosureHandler()]).run()
            #expect((report.succeeded, report.unknownNames) == (1, ["UNKNOWN"]))
            #expect(try await fixture.store.show(1) == before)
        }
    }

    @Test("one bad row never stops the others", arguments: StoreUnderTest.allCases)
    func badRow(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(20)
            // A trigger of the application refuses to let row 7 go.
            try await fixture.refuse(deletionOf: 7)
            let report = try await fixture.makeRun([ClosureHandler()]).run()
            #expect((report.succeeded, report.failed, report.leaseLost) == (19, 1, 0))
            #expect(try await fixture.rows("SELECT id, status FROM tasks") == ["7|FAILED"])
        }
    }

    @Test("a stop lets running handlers finish, and claims nothing more", arguments: StoreUnderTest.allCases)
    func stop(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(10)
            let (begun, go) = (Gate(), Gate())
            let handler = ClosureHandler { _, _ in
                begun.open()
                await go.wait()
                return .succeeded()
            }
            let stop = StopSignal()
            async let finished = fixture.makeRun([handler], stop: stop).run()
            await begun.wait()
            stop.request()
            go.open()
            let report = try await finished
            #expect(report.succeeded == report.claimed && report.claimed <= 2)
            try await fixture.expect(
                "SELECT count(*) FROM tasks WHERE status = 'WAITING' AND attempts = 0",
                "\(10 - report.succeeded)"
            )
        }
    }

    @Test(
        "handlers that outlast the grace are cancelled, their tasks WAITING again with the attempts they had",
        arguments: StoreUnderTest.allCases
    )
    func stopNow(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(10)
            let before = try await fixture.rows(
                "SELECT id, status, attempts, run_at, last_error FROM tasks ORDER BY id"
            )
            let begun = Gate()
            let handler = ClosureHandler { _, _ in
                begun.open()
                try? await Task.sleep(for: .seconds(3600))
                return Task.isCancelled ? .failed(error: "interrupted") : .succeeded()
            }
            let stop = StopSignal()
            async let finished = fixture.makeRun([handler], stop: stop) { $0.grace = .zero }.run()
            await begun.wait()
            stop.request()
            let report = try await finished
            #expect(report.released == report.claimed && report.claimed > 0)
            #expect(
                try await fixture.rows("SELECT id, status, attempts, run_at, last_error FROM tasks ORDER BY id")
                    == before
            )
        }
    }

    @Test("a handler that takes too long is cancelled and its attempt has failed", arguments: StoreUnderTest.allCases)
    func timeout(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let handler = ClosureHandler(limits: HandlerLimits(timeout: .milliseconds(50))) { _, _ in
                try? await Task.sleep(for: .seconds(3600))
                return .stopped
            }
            #expect(try await fixture.makeRun([handler]).run().retried == 1)
            let row = try #require(try await fixture.store.show(1))
            #expect((row.status, row.attempts) == (.waiting, 1))
            #expect(row.lastError?.contains("time limit of 0.05 s") == true)
        }
    }

    @Test("the row's own time limit goes before all others", arguments: StoreUnderTest.allCases)
    func rowTimeout(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", timeoutSeconds: 1)])
            let handler = ClosureHandler(limits: HandlerLimits(timeout: .seconds(3600))) { _, _ in
                try? await Task.sleep(for: .seconds(3600))
                return .stopped
            }
            _ = try await fixture.makeRun([handler]).run()
            #expect(try await fixture.store.show(1)?.lastError?.contains("time limit of 1 s") == true)
        }
    }

    @Test(
        "a handler that does not listen is given up when it is the last, its task not lost",
        arguments: StoreUnderTest.allCases
    )
    func deaf(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(3)
            let never = Gate()
            let handler = ClosureHandler { task, _ in
                if task.id == 1 { await never.wait() }
                return .succeeded()
            }
            let run = try fixture.makeRun([handler]) {
                // Enough for the two others on a busy machine.
                $0.timeout = .seconds(3)
                $0.patience = .milliseconds(50)
            }
            let report = try await run.run()
            #expect((report.succeeded, report.retried, report.abandoned) == (2, 1, 1))
            #expect(try await fixture.rows("SELECT id, status, attempts FROM tasks") == ["1|WAITING|1"])
            never.open()
        }
    }

    @Test(
        "leases of running handlers are renewed, so that no second attempt begins beside them",
        arguments: StoreUnderTest.allCases
    )
    func renewal(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(2)
            let go = Gate()
            let handler = ClosureHandler { _, _ in
                await go.wait()
                return .succeeded()
            }
            let short: @Sendable (inout RunSettings) -> Void = {
                $0.lease = .seconds(60)
                $0.renewal = .milliseconds(200)
            }
            defer { go.open() }
            async let first = fixture.makeRun([handler], short).run()
            try await eventually("the handlers never began") { handler.ids.count == 2 }
            let ends = { try await fixture.store.list(TaskFilter()).compactMap(\.leaseExpiresAt).min() ?? .distantPast }
            let firstEnd = try await ends()
            // Fifteen renewals. The lease itself is long: a busy machine may keep a run from its next renewal for seconds.
            let isRenewed = try await eventually("the leases were not renewed") {
                try await ends() > firstEnd.addingTimeInterval(3)
            }
            guard isRenewed else { return }
            let other = try fixture.anotherStore()
            let second = try await fixture.makeRun([handler], store: other, pid: 2, short).run()
            #expect((second.recovered, second.claimed) == (0, 0))
            go.open()
            #expect(try await first.succeeded == 2)
            #expect(handler.ids == [1, 2])
            await other.close()
        }
    }

    @Test(
        "a run whose claim was taken over cancels its handler and changes nothing",
        arguments: StoreUnderTest.allCases
    )
    func takenOver(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let handler = ClosureHandler { _, _ in
                try? await Task.sleep(for: .seconds(3600))
                return .stopped
            }
            async let finished = fixture.makeRun([handler]) { $0.renewal = .milliseconds(50) }.run()
            try await eventually("the handler never began") { handler.ids.count == 1 }
            try await fixture.sql("UPDATE tasks SET claim_no = claim_no + 1, lease_owner = 'other'")
            let report = try await finished
            #expect((report.leaseLost, report.succeeded, report.retried, report.released) == (1, 0, 0, 0))
            #expect(try await fixture.rows("SELECT status, lease_owner, attempts FROM tasks") == ["PROCESSING|other|1"])
        }
    }

    @Test("tasks that wait behind slow ones are given back, for others to have", arguments: StoreUnderTest.allCases)
    func notHoarded(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(100)
            try await fixture.due(2, name: "SLOW")
            try await fixture.due(30)
            let go = Gate()
            let slow = ClosureHandler("SLOW") { _, _ in
                await go.wait()
                return .succeeded()
            }
            async let report = fixture.makeRun([ClosureHandler(), slow]) { $0.window = nil }.run()
            try await eventually("the slow ones never began") { slow.ids.count == 2 }
            try await eventually("the others are held back") {
                try await fixture.store.list(TaskFilter(status: .processing)).allSatisfy { $0.name == "SLOW" }
            }
            go.open()
            #expect(try await report.succeeded == 132)
        }
    }

    @Test("no more tasks than the limit, only the names and queues asked for", arguments: StoreUnderTest.allCases)
    func limits(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(30)
            try await fixture.due(5, name: "B")
            let (a, b) = (ClosureHandler("A"), ClosureHandler("B"))
            #expect(try await fixture.makeRun([a, b]) { ($0.limit, $0.only) = (7, ["A"]) }.run().claimed == 7)
            // On a very busy machine some of the seven may have been given back unbegun.
            let begun = a.ids.count
            #expect(begun <= 7 && b.ids.isEmpty)
            #expect(try await fixture.makeRun([a, b]) { $0.queues = [["other"]] }.run().claimed == 0)
            let rest = try await fixture.makeRun([a, b]) { $0.queues = [["other", "default"]] }.run()
            #expect(rest.succeeded == 35 - begun)
        }
    }

    @Test("after the window nothing is claimed, what is running is finished", arguments: StoreUnderTest.allCases)
    func window(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(1000)
            // Begun within the window, ended after it; on a busy machine none may begin in time.
            let handler = ClosureHandler { _, _ in
                try? await Task.sleep(for: .seconds(3))
                return .succeeded()
            }
            let report = try await fixture.makeRun([handler]) { $0.window = .seconds(2) }.run()
            #expect(report.succeeded == handler.ids.count && report.succeeded <= 2)
            let left = 1000 - report.succeeded
            try await fixture.expect("SELECT count(*) FROM tasks WHERE status = 'WAITING' AND attempts = 0", "\(left)")
        }
    }

    @Test("handlers at once are counted over all runs of the host", arguments: StoreUnderTest.allCases)
    func hostWide(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(40)
            let slots = ProcessSlots(3)
            let handler = ClosureHandler { _, _ in
                try? await Task.sleep(for: .milliseconds(10))
                return .succeeded()
            }
            let other = try fixture.anotherStore()
            async let one = fixture.makeRun([handler], slots: slots) { $0.concurrency = 3 }.run()
            async let two = fixture.makeRun([handler], store: other, slots: slots, pid: 2) { $0.concurrency = 3 }.run()
            _ = try await (one, two)
            #expect(handler.ids.count == 40 && handler.mostAtOnce <= 3)
            #expect(slots.take(upTo: 99) == 3)
            await other.close()
        }
    }

    @Test("a task that crashed three times is performed with nothing else in hand", arguments: StoreUnderTest.allCases)
    func alone(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(20)
            try await fixture.sql("UPDATE tasks SET crashes = 3 WHERE id IN (3, 4)")
            try await fixture.sql("UPDATE tasks SET crashes = 1 WHERE id IN (5, 6)")
            let inHand = Mutex<[String]>([])
            let handler = ClosureHandler { task, _ in
                if task.crashes >= 3 {
                    let count = try? await fixture.value("SELECT count(*) FROM tasks WHERE status = 'PROCESSING'")
                    inHand.withLock { $0.append(count ?? "?") }
                }
                return .succeeded()
            }
            #expect(try await fixture.makeRun([handler]).run().succeeded == 20)
            #expect(inHand.withLock { $0 } == ["1", "1"])
            #expect(handler.performed.withLock { Array($0.suffix(2)) } == [3, 4])
        }
    }
}
