import Foundation
import Synchronization
import TaskRun
import Testing

/// What hooks are told of a run, and what they can and cannot do to it.
@Suite("Hooks")
struct HookConformanceTests {
    @Test("each event is told with its data, in order", arguments: StoreUnderTest.allCases)
    func events(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", data: #"{"a":1}"#, queue: "q", maxAttempts: 2)])
            let handler = ClosureHandler { _, _ in .failed(error: "no route", retryAfter: .zero) }
            let diary = Diary()
            let report = try await fixture.makeRun([handler], hooks: [diary]).run()
            #expect((report.retried, report.failed) == (1, 1))
            #expect(
                diary.all.filter { !$0.hasPrefix("on-") } == [
                    "run-start test",
                    #"before-perform 1 A q 1/2 {"a":1}"#, "after-perform 1 failed: no route",
                    #"before-perform 1 A q 2/2 {"a":1}"#, "after-perform 1 failed: no route",
                    "queue-empty 0", "run-end 2",
                ]
            )
            let error = "no route\n(attempt 2 of 2, none left)"
            #expect(
                diary.all.filter { $0.hasPrefix("on-") } == [
                    "on-failure 1 no route again in 0.0 seconds", "on-failure 1 \(error) never again",
                    "on-failed 1 q {\"a\":1} \(error)",
                ]
            )
        }
    }

    @Test(
        "a run with nothing to do tells its start and its end, and no empty queue",
        arguments: StoreUnderTest.allCases
    )
    func idle(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let diary = Diary()
            _ = try await fixture.makeRun([ClosureHandler()], hooks: [diary]).run()
            #expect(diary.all == ["run-start test", "run-end 0"])
        }
    }

    @Test("a skipped task is done without being performed, and counted as skipped", arguments: StoreUnderTest.allCases)
    func skip(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(2)
            let handler = ClosureHandler()
            let notes = Mutex<[String]>([])
            let diary = Diary(answer: { $0.id == 1 ? .skip(note: "holiday") : .go })
            let run = try fixture.makeRun(
                [handler],
                hooks: [diary],
                observer: { event in
                    if case .skipped(let task, let note) = event {
                        notes.withLock { $0.append("\(task.id) \(note ?? "")") }
                    }
                }
            )
            let report = try await run.run()
            #expect((report.claimed, report.skipped, report.succeeded) == (2, 1, 1))
            #expect(handler.ids == [2])
            #expect(notes.withLock { $0 } == ["1 holiday"])
            #expect(diary.count("after-perform") == 1)
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test("a skipped task is cancelled for its token and for its batch", arguments: StoreUnderTest.allCases)
    func skipInBatch(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([
                NewTask(name: "A", token: "t", batch: "b"), NewTask(name: "A", batch: "b"),
                NewTask(name: "B", afterBatch: "b"),
            ])
            let told = Mutex("")
            let report = ClosureHandler("B") { task, _ in
                told.withLock { $0 = String(decoding: task.data, as: UTF8.self) }
                return .succeeded()
            }
            let diary = Diary(answer: { $0.name == "A" ? .skip() : .go })
            #expect(try await fixture.makeRun([ClosureHandler(), report], hooks: [diary]).run().skipped == 2)
            #expect(told.withLock { $0 } == #"{"batch":{"name":"b","complete":0,"failed":0,"cancelled":2}}"#)
            #expect(try await fixture.store.states(of: ["t"]).map(\.state) == [.cancelled])
        }
    }

    @Test("a postponed task goes back, the attempt not counted", arguments: StoreUnderTest.allCases)
    func postpone(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let handler = ClosureHandler()
            let diary = Diary(answer: { _ in .postpone(after: .seconds(3600), note: "at night") })
            #expect(try await fixture.makeRun([handler], hooks: [diary]).run().released == 1)
            let row = try #require(try await fixture.store.show(1))
            #expect((row.status, row.attempts) == (.waiting, 0))
            #expect(row.lastError == "postponed by the hook before-perform: at night")
            #expect((3500...3700).contains(row.runAt.timeIntervalSinceNow))
            #expect(handler.ids.isEmpty)
        }
    }

    @Test(
        "the first answer that is not go counts, and the hooks behind it are not asked",
        arguments: StoreUnderTest.allCases
    )
    func several(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let (first, second, third) = (Diary(), Diary(answer: { _ in .skip() }), Diary())
            _ = try await fixture.makeRun([ClosureHandler()], hooks: [first, second, third]).run()
            #expect([first, second, third].map { $0.count("before-perform") } == [1, 1, 0])
            #expect(third.all.last == "run-end 1")
        }
    }

    @Test(
        "a hook that throws or takes too long is warned of, and the task is performed all the same",
        arguments: StoreUnderTest.allCases,
        [true, false]
    )
    func trouble(_ kind: StoreUnderTest, throwsError: Bool) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let (handler, log) = (ClosureHandler(), Log())
            let diary = Diary(beside: { _ in
                if throwsError { throw RunEnded() }
                try await Task.sleep(for: .seconds(3600))
            })
            let run = try fixture.makeRun([handler], hooks: [diary], logger: log.logger) {
                $0.hookTimeout = throwsError ? .seconds(60) : .milliseconds(20)
            }
            #expect(try await run.run().succeeded == 1)
            #expect(handler.ids == [1])
            let problem = throwsError ? "RunEnded()" : "took longer than its time limit of 0.02 s, and was ended"
            let place = "(Swift type Diary)"
            #expect(
                log.all == [
                    "hook run-start \(place): \(problem)",
                    "hook before-perform \(place), task 1 A: \(problem). The task is performed anyway.",
                    "hook after-perform \(place), task 1 A: \(problem)", "hook queue-empty \(place): \(problem)",
                    "hook run-end \(place): \(problem)",
                ]
            )
        }
    }

    private struct RunEnded: Error {}

    @Test("of many warnings the first 20 are told, and the number of the others", arguments: StoreUnderTest.allCases)
    func flood(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(50)
            let log = Log()
            let diary = Diary([.beforePerform], beside: { _ in throw RunEnded() })
            #expect(
                try await fixture.makeRun([ClosureHandler()], hooks: [diary], logger: log.logger).run().succeeded == 50
            )
            #expect(log.all.count == 21)
            #expect(log.all.last == "hook before-perform: 30 more warnings of this kind")
        }
    }

    @Test("the time of hooks does not count into the handler's time limit", arguments: StoreUnderTest.allCases)
    func time(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let took = Mutex(Duration.zero)
            let diary = Diary([.beforePerform, .afterPerform], beside: { _ in try await Task.sleep(for: .seconds(4)) })
            let run = try fixture.makeRun([ClosureHandler()], hooks: [diary]) {
                $0.timeout = .seconds(3)
            } observer: { event in
                if case .ended(_, _, _, let time) = event { took.withLock { $0 = time } }
            }
            #expect(try await run.run().succeeded == 1)
            #expect(took.withLock { $0 } < .seconds(3))
        }
    }

    @Test("after a time limit hooks are told how the attempt counts", arguments: StoreUnderTest.allCases)
    func timedOut(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let handler = ClosureHandler { _, _ in
                try? await Task.sleep(for: .seconds(3600))
                return .stopped
            }
            let diary = Diary([.afterPerform, .onFailure])
            let run = try fixture.makeRun([handler], hooks: [diary]) { $0.timeout = .milliseconds(50) }
            #expect(try await run.run().retried == 1)
            #expect(diary.all.first == "after-perform 1 failed: took longer than its time limit of 0.05 s; cancelled")
            #expect(diary.all.count == 2)
        }
    }

    @Test("what happens while hooks are told of an end does not change it", arguments: StoreUnderTest.allCases)
    func stopMeanwhile(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let (gate, stop) = (Gate(), StopSignal())
            let diary = Diary([.afterPerform], beside: { _ in await gate.wait() })
            async let report = fixture.makeRun([ClosureHandler()], stop: stop, hooks: [diary]).run()
            try await eventually("the hook was not told") { diary.all.count == 1 }
            stop.request()
            stop.request()
            gate.open()
            #expect(try await report.succeeded == 1)
        }
    }

    @Test("a task whose hook is asked while the run stops goes back unperformed", arguments: StoreUnderTest.allCases)
    func stopBefore(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let (handler, stop) = (ClosureHandler(), StopSignal())
            let diary = Diary([.beforePerform], beside: { _ in try await Task.sleep(for: .seconds(3600)) })
            async let report = fixture.makeRun([handler], stop: stop, hooks: [diary]) { $0.hookTimeout = .seconds(60) }
                .run()
            try await eventually("the hook was not asked") { diary.all.count == 1 }
            stop.request()
            #expect(try await report.released == 1)
            #expect(handler.ids.isEmpty)
            try await fixture.expect("SELECT attempts FROM tasks", "0")
        }
    }

    @Test("after a lost lease no failure is told", arguments: StoreUnderTest.allCases)
    func lostLease(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let handler = ClosureHandler { _, _ in
                try? await fixture.sql("UPDATE tasks SET claim_no = claim_no + 1")
                return .permanentlyFailed(error: "no")
            }
            let diary = Diary()
            #expect(try await fixture.makeRun([handler], hooks: [diary]).run().leaseLost == 1)
            #expect(diary.count("on-") == 0)
            #expect(diary.count("after-perform") == 1)
        }
    }

    @Test("a failed attempt whose task gives way to an equal one is told as failed", arguments: StoreUnderTest.allCases)
    func gaveWay(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", dedupeKey: "k")])
            let later = Fixture.moment(Fixture.start)
            let handler = ClosureHandler { _, _ in
                try? await fixture.sql("INSERT INTO tasks (task_name, dedupe_key, run_at) VALUES ('A', 'k', \(later))")
                return .failed(error: "no route")
            }
            let diary = Diary([.afterPerform, .onFailure, .onFailed])
            let report = try await fixture.makeRun([handler], hooks: [diary]).run()
            #expect((report.gaveWay, report.retried) == (1, 0))
            #expect(diary.all == ["after-perform 1 failed: no route", "on-failure 1 no route never again"])
        }
    }

    @Test("a task that is cancelled as it is performed is told as cancelled", arguments: StoreUnderTest.allCases)
    func cancelled(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let handler = ClosureHandler { _, _ in
                try? await fixture.sql("UPDATE tasks SET cancel_requested_at = CURRENT_TIMESTAMP")
                try? await Task.sleep(for: .seconds(600))
                return .failed(error: "cancelled")
            }
            let diary = Diary([.afterPerform, .onFailure, .onFailed])
            let report = try await fixture.makeRun([handler], hooks: [diary]).run()
            #expect((report.cancelled, report.leaseLost) == (1, 0))
            #expect(diary.all == ["after-perform 1 cancelled"])
        }
    }

    @Test("a task that crashed too often is told as given up, with its row", arguments: StoreUnderTest.allCases)
    func crashed(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql(
                """
                INSERT INTO tasks
                (task_name, queue, data, status, attempts, crashes, claim_no, lease_owner, lease_expires_at)
                VALUES ('A', 'q', '[1]', 'PROCESSING', 5, 4, 5, 'me', '2020-01-01 00:00:00')
                """
            )
            let diary = Diary([.onFailed, .onFailure])
            #expect(try await fixture.makeRun([ClosureHandler()], hooks: [diary]).run().failed == 1)
            #expect(diary.all.count == 1)
            #expect(diary.all.first?.hasPrefix("on-failed 1 q [1] run \"me\" died while it held this task") == true)
        }
    }

    @Test("a task that expired is told as given up, with its row", arguments: StoreUnderTest.allCases)
    func expired(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let moment = Date(timeIntervalSince1970: 1_700_000_000)
            _ = try await fixture.store.add([
                NewTask(name: "A", data: "[1]", queue: "q", expiresAt: moment),
                NewTask(name: "NOBODY", data: "[2]", expiresAt: moment), NewTask(name: "A"),
            ])
            let diary = Diary([.onFailed, .onFailure])
            let report = try await fixture.makeRun([ClosureHandler()], hooks: [diary]).run()
            #expect((report.failed, report.expired, report.succeeded) == (2, 2, 1))
            let why = "expired: not begun by 2023-11-14 22:13:20 UTC"
            #expect(diary.all.sorted() == ["on-failed 1 q [1] \(why)", "on-failed 2 default [2] \(why)"])
        }
    }

    @Test("a stop is heeded while hooks are told that the run has begun", arguments: StoreUnderTest.allCases)
    func stopAtStart(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let (handler, stop) = (ClosureHandler(), StopSignal())
            let diary = Diary(
                [.runStart, .runEnd],
                beside: { if $0 == .runStart { try await Task.sleep(for: .seconds(3600)) } }
            )
            async let report = fixture.makeRun([handler], stop: stop, hooks: [diary]) {
                $0.hookTimeout = .seconds(60)
            }.run()
            try await eventually("the hook was not told") { diary.count("run-start") == 1 }
            let asked = ContinuousClock.now
            stop.request()
            #expect(try await report.claimed == 0)
            #expect(asked.duration(to: .now) < .seconds(40))
            #expect(diary.all == ["run-start test", "run-end 0"])
        }
    }

    @Test("handlers that settle their tasks themselves have hooks too", arguments: StoreUnderTest.allCases)
    func selfSettling(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(3)
            let store = fixture.store
            let handler = ClosureHandler { task, _ in
                let script = Script(sql: "SELECT 1", values: [:])
                let outcome = try? await store.perform(script, settling: task.proof, timeLimit: .seconds(60))
                return outcome == .done ? .settled(.settled) : .failed(error: "\(String(describing: outcome))")
            }
            let diary = Diary(answer: { $0.id == 2 ? .skip() : .go })
            let report = try await fixture.makeRun([handler], hooks: [diary]).run()
            #expect((report.succeeded, report.skipped, report.leaseLost) == (2, 1, 0))
            #expect(diary.all.count { $0.hasSuffix(" succeeded") } == 2)
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test(
        "a run that stays tells an empty queue each time after it performed something",
        arguments: StoreUnderTest.allCases
    )
    func emptyAgain(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let (diary, stop) = (Diary([.queueEmpty]), StopSignal())
            async let report = fixture.makeRun([ClosureHandler()], stop: stop, turn: TestTurn(), hooks: [diary]).run()
            for number in 1...3 {
                // From outside: the store's one connection is the run's, which waits.
                try await fixture.sql("INSERT INTO tasks (task_name) VALUES ('A')")
                try await eventually("it was not told") { diary.all.last == "queue-empty \(number)" }
            }
            stop.request()
            #expect(try await report.succeeded == 3)
            #expect(diary.all.count == 3)
        }
    }

    @Test("where hooks are slow the run claims nothing more until they catch up", arguments: StoreUnderTest.allCases)
    func behind(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(6000)
            let gate = Gate()
            let handler = ClosureHandler { _, _ in .permanentlyFailed(error: "no") }
            let diary = Diary([.onFailed], beside: { _ in await gate.wait() })
            async let report = fixture.makeRun([handler], hooks: [diary]) {
                $0.window = nil
                $0.hookTimeout = .seconds(3600)
            }.run()
            var (before, now) = (-1, 0)
            while now < 2000 || now > before {
                try await Task.sleep(for: .milliseconds(500))
                (before, now) = (now, handler.performed.withLock { $0.count })
            }
            #expect(now < 5000, "\(now)")
            gate.open()
            #expect(try await report.failed == 6000)
            #expect(diary.all.count == 6000)
        }
    }

    @Test("after a stop's grace what is not yet told is dropped, and counted", arguments: StoreUnderTest.allCases)
    func dropped(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(3)
            let (log, stop) = (Log(), StopSignal())
            let handler = ClosureHandler { _, _ in .permanentlyFailed(error: "no") }
            let diary = Diary([.onFailed], beside: { _ in try await Task.sleep(for: .seconds(3600)) })
            async let report = fixture.makeRun([handler], stop: stop, hooks: [diary], logger: log.logger) {
                $0.hookTimeout = .seconds(3600)
            }.run()
            try await eventually("the handlers did not end") { handler.ids.count == 3 }
            try await eventually("they were not settled") {
                try await fixture.value("SELECT count(*) FROM tasks WHERE status = 'FAILED'") == "3"
            }
            stop.request()
            stop.request()
            #expect(try await report.failed == 3)
            #expect(log.all == ["hooks: the run had to stop, so 4 events were not delivered"])
        }
    }

    @Test(
        "a hook that takes its time after a handler that had to be cancelled does not end the run",
        arguments: StoreUnderTest.allCases
    )
    func slowAfterCancel(_ kind: StoreUnderTest) async throws {
        struct Slow: RunHooks {
            let events: Set<HookEvent> = [.afterPerform]

            func afterPerform(_ task: HookTask, outcome: HandlerOutcome?, took: Duration) async throws {
                try await Task.sleep(for: .seconds(4))
            }
        }
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let handler = ClosureHandler { _, _ in
                try? await Task.sleep(for: .seconds(60))
                return .failed(error: "cancelled")
            }
            let report = try await fixture.makeRun([handler], hooks: [Slow()]) {
                ($0.timeout, $0.patience) = (.milliseconds(50), .seconds(3))
            }.run()
            #expect((report.abandoned, report.retried) == (0, 1))
        }
    }
}
