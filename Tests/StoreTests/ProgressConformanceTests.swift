import Foundation
import TaskRun
import Testing

@Suite("Progress")
struct ProgressConformanceTests {
    private static let query = "SELECT id, progress_done, progress_total, progress_note FROM tasks ORDER BY id"

    private func note(_ done: Int, _ total: Int?, _ note: String? = nil) throws -> ProgressNote {
        ProgressNote(try #require(TaskContext.Progress(done: done, total: total)), note: note)
    }

    @Test(
        "progress is written where the claim holds, and goes when the task is put back",
        arguments: StoreUnderTest.allCases
    )
    func claims(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3)
            let tasks = try await fixture.claim()
            try await fixture.sql("UPDATE tasks SET claim_no = claim_no + 1 WHERE id = 3")
            let held = try await fixture.store.note([
                tasks[0].proof: try note(1, 2, "a'\"\\\0ä"), tasks[1].proof: try note(5, nil),
                tasks[2].proof: try note(9, 9),
            ])
            #expect(held.isEmpty)
            #expect(try await fixture.rows(Self.query) == ["1|1|2|a'\"\\\u{FFFD}ä", "2|5||", "3|||"])
            let row = try #require(try await fixture.store.show(1))
            #expect((row.progressDone, row.progressTotal) == (1, 2))
            _ = try await fixture.store.settle([
                Settlement(tasks[0].proof, .retry(after: .zero, error: "x")), Settlement(tasks[1].proof, .release()),
            ])
            #expect(try await fixture.rows(Self.query) == ["1|||", "2|||", "3|||"])
        }
    }

    @Test("a handler that reports is seen by others while it works", arguments: StoreUnderTest.allCases)
    func seen(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", token: "t")])
            let gate = Gate()
            let handler = ClosureHandler { _, context in
                context.progress(7, of: 3)
                context.progress(-1, of: 0)
                context.progress(1, of: 2, note: "half")
                await gate.wait()
                context.progress(2, of: 2, note: "done")
                return .succeeded()
            }
            let run = try fixture.makeRun([handler])
            async let report = run.run()
            try await eventually("progress is seen") {
                let state = try await fixture.rows("SELECT progress_done, progress_total, progress_note FROM tasks")
                return state == ["1|2|half"]
            }
            gate.open()
            #expect(try await report.succeeded == 1)
            // The last word is in the result, although there was no time to write it to the task.
            let last = "SELECT progress_done, progress_total, progress_note FROM task_results"
            #expect(try await fixture.rows(last) == ["2|2|done"])
        }
    }

    @Test(
        "what is said of a row that an application has locked is written when that lets go of it",
        arguments: [false, true]
    )
    func locked(_ endsMeanwhile: Bool) async throws {
        try await Fixture.with(.postgresql) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", token: "t")])
            try await fixture.sql("CREATE TABLE gate ()")
            let (isLocked, isSeen) = (Gate(), Gate())
            let handler = ClosureHandler { _, context in
                await isLocked.wait()
                context.progress(1, of: 2, note: "half")
                await isSeen.wait()
                return .succeeded()
            }
            let store = CountingStore(fixture.store)
            async let report = fixture.makeRun([handler], store: store).run()
            try await eventually("the task is in hand") { handler.ids == [1] }
            async let application: Void = fixture.sql(
                """
                DO $$ BEGIN
                    PERFORM FROM tasks FOR UPDATE;
                    WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP;
                END $$
                """
            )
            try await eventually("the row is locked") {
                try await fixture.rows("SELECT id FROM tasks FOR UPDATE SKIP LOCKED").isEmpty
            }
            isLocked.open()
            try await eventually("it is said, and said again") { store.notes >= 2 }
            let query = "SELECT progress_done, progress_total, progress_note FROM"
            #expect(try await fixture.rows("\(query) tasks") == ["||"])
            if endsMeanwhile { isSeen.open() }
            try await fixture.sql("INSERT INTO gate DEFAULT VALUES")
            try await application
            if !endsMeanwhile {
                try await eventually("progress is seen") { try await fixture.rows("\(query) tasks") == ["1|2|half"] }
                isSeen.open()
            }
            #expect(try await report.succeeded == 1)
            #expect(try await fixture.rows("\(query) task_results") == ["1|2|half"])
            #expect(store.notes < 100)
        }
    }

    @Test("a flood of progress is written at most once a second, and delays nobody", arguments: StoreUnderTest.allCases)
    func flood(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(1)
            let store = CountingStore(fixture.store)
            let handler = ClosureHandler { _, context in
                for step in 0..<200_000 { context.progress(step, of: 200_000) }
                return .succeeded()
            }
            let began = ContinuousClock.now
            let report = try await fixture.makeRun([handler], store: store).run()
            #expect(report.succeeded == 1)
            let seconds = Int(began.duration(to: .now) / .seconds(1))
            #expect(store.notes <= seconds + 2)
        }
    }

    @Test("a plain task writes no progress and is not looked at", arguments: StoreUnderTest.allCases)
    func plain(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(500)
            let store = CountingStore(fixture.store)
            let report = try await fixture.makeRun([ClosureHandler()], store: store).run()
            #expect(report.succeeded == 500)
            #expect(store.notes == 0)
            // On a machine that stands still for half a second a handler counts as a long one.
            if report.duration < .milliseconds(500) { #expect(store.looksForCancel == 0) }
        }
    }

    @Test("a Swift handler gives a result through its context, cut to the limit", arguments: StoreUnderTest.allCases)
    func result(_ kind: StoreUnderTest) async throws {
        struct Reverse: TaskHandler {
            static let taskName = "A"
            func perform(_ payload: String, in context: TaskContext) async throws {
                #expect(context.isResultWanted == (context.taskID != 2))
                context.setResult(String(payload.reversed()))
            }
        }
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([
                NewTask(name: "A", data: "\"Hello World!\"", token: "t"), NewTask(name: "A", data: "\"plain\""),
                NewTask(name: "A", data: "\"\(String(repeating: "ä", count: 1000))\"", token: "long"),
            ])
            let report = try await fixture.makeRun([SwiftHandler(Reverse())]) { $0.maxResult = 101 }.run()
            #expect(report.succeeded == 3)
            #expect(
                try await fixture.rows("SELECT token, length(result), result_size FROM task_results ORDER BY task_id")
                    == ["t|12|12", "long|50|2000"]
            )
            #expect(try await fixture.value("SELECT result FROM task_results WHERE token = 't'") == "!dlroW olleH")
        }
    }
}
