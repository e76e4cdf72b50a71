import Foundation
import TaskRun
import Testing

@Suite("Cancel")
struct CancelConformanceTests {
    private func cancel(_ fixture: Fixture, _ targets: CancelTarget...) async throws -> [CancelOutcome] {
        try await fixture.store.cancel(targets, retention: ResultRetention(.seconds(60)))
    }

    @Test("a WAITING task goes at once, and its token says CANCELLED", arguments: StoreUnderTest.allCases)
    func waiting(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "token", values: "'t'")
            try await fixture.add(2)
            #expect(
                try await cancel(fixture, .token("t"), .id(2), .id(99), .token("x")) == [
                    .cancelled, .cancelled, .unknown, .unknown,
                ]
            )
            #expect(try await fixture.rows("SELECT id FROM tasks") == ["3"])
            #expect(try await fixture.rows("SELECT token, state FROM task_results") == ["t|CANCELLED"])
            #expect(try await cancel(fixture, .token("t")) == [.ended(.cancelled)])
        }
    }

    @Test("its result is kept as long as the results of its name", arguments: StoreUnderTest.allCases)
    func kept(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for name in ["A", "B"] { try await fixture.add(name: name, columns: "token", values: "'\(name)'") }
            let retention = ResultRetention(.seconds(5), names: ["A": .seconds(3)])
            _ = try await fixture.store.cancel([.token("A"), .token("B")], retention: retention)
            let kept = try await fixture.store.states(of: ["A", "B"]).map { end in
                try #require(end.expiresAt).timeIntervalSince(try #require(end.finishedAt)).rounded()
            }
            #expect(kept == [3, 5])
        }
    }

    @Test("a PROCESSING task is asked, a FAILED one is left", arguments: StoreUnderTest.allCases)
    func processing(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "token", values: "'t'")
            try await fixture.add()
            let tasks = try await fixture.claim()
            _ = try await fixture.store.settle([Settlement(tasks[1].proof, .fail(error: "x"))])
            let proofs = tasks.map(\.proof)
            #expect(try await fixture.store.cancelRequests(among: proofs) == [])
            #expect(try await cancel(fixture, .token("t"), .id(2)) == [.asked, .failed])
            #expect(try await fixture.store.cancelRequests(among: proofs) == [proofs[0]])
            let stale = ClaimProof(id: 1, number: 99)
            #expect(try await fixture.store.cancelRequests(among: [stale]) == [])
            #expect(try await fixture.store.show(1)?.cancelRequestedAt != nil)
        }
    }

    @Test("a cancel that arrives as the task ends changes nothing", arguments: StoreUnderTest.allCases)
    func tooLate(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "token", values: "'t'")
            let task = try #require(try await fixture.claim().first)
            #expect(try await cancel(fixture, .id(1)) == [.asked])
            let record = ResultRecord(result: [UInt8(ascii: "r")])
            _ = try await fixture.store.settle([Settlement(task.proof, .delete, record: record)])
            #expect(try await fixture.store.states(of: ["t"]).first?.state == .complete)
            #expect(try await cancel(fixture, .token("t")) == [.ended(.complete)])
        }
    }

    @Test(
        "a task that is put back is cancelled if it was to be",
        arguments: StoreUnderTest.allCases,
        [Verdict.retry(after: .seconds(60), error: "x"), .release(after: .seconds(60)), .release()]
    )
    func putBack(_ kind: StoreUnderTest, _ verdict: Verdict) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "token", values: "'t'")
            try await fixture.add(2)
            let tasks = try await fixture.claim()
            _ = try await cancel(fixture, .id(1), .id(2))
            let settlements = tasks.map {
                Settlement($0.proof, verdict, record: $0.token.map { _ in ResultRecord() })
            }
            #expect(try await fixture.store.settle(settlements) == [.cancelled, .cancelled, .settled])
            #expect(try await fixture.rows("SELECT id, status FROM tasks") == ["3|WAITING"])
            #expect(try await fixture.rows("SELECT state FROM task_results") == ["CANCELLED"])
        }
    }

    @Test("if the run dies meanwhile, recover settles the task as cancelled", arguments: StoreUnderTest.allCases)
    func recover(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            // At the crash limit too.
            try await fixture.add(columns: "token, crashes", values: "'t', 1")
            _ = try await fixture.claim()
            _ = try await cancel(fixture, .id(1))
            let request = RecoverRequest(crashLimit: 2, now: Fixture.start + 400)
            #expect(try await fixture.store.recover(request).map(\.id) == [1])
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
            #expect(try await fixture.rows("SELECT state FROM task_results") == ["CANCELLED"])
        }
    }

    @Test("what a lost answer claimed is given back, or cancelled if it was to be", arguments: StoreUnderTest.allCases)
    func giveBack(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "token", values: "'t'")
            try await fixture.add()
            _ = try await fixture.claim()
            _ = try await cancel(fixture, .id(1))
            #expect(try await fixture.store.giveBack(owner: "me", except: []).count == 2)
            #expect(try await fixture.rows("SELECT id, status FROM tasks") == ["2|WAITING"])
            #expect(try await fixture.rows("SELECT state FROM task_results") == ["CANCELLED"])
        }
    }

    @Test("a WAITING task that plain SQL asked to cancel is not performed", arguments: StoreUnderTest.allCases)
    func plainSQL(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(2)
            try await fixture.sql("UPDATE tasks SET cancel_requested_at = CURRENT_TIMESTAMP, token = 't' WHERE id = 1")
            let handler = ClosureHandler()
            let report = try await fixture.makeRun([handler]).run()
            #expect((report.succeeded, report.cancelled) == (1, 1))
            #expect(handler.ids == [2])
            #expect(try await fixture.rows("SELECT state FROM task_results") == ["CANCELLED"])
        }
    }

    @Test("a handler that is cancelled within two seconds leaves CANCELLED", arguments: StoreUnderTest.allCases)
    func running(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", token: "t")])
            let (began, isCancelled) = (Gate(), Gate())
            let handler = ClosureHandler { _, _ in
                began.open()
                try? await Task.sleep(for: .seconds(600))
                isCancelled.open()
                return .stopped
            }
            let run = try fixture.makeRun([handler])
            async let report = run.run()
            await began.wait()
            let asked = ContinuousClock.now
            let other = try fixture.anotherStore()
            #expect(try await other.cancel([.token("t")], retention: ResultRetention(.seconds(60))) == [.asked])
            await isCancelled.wait()
            #expect(asked.duration(to: .now) < .seconds(20))
            #expect(try await report.cancelled == 1)
            await other.close()
            #expect(try await fixture.rows("SELECT state FROM task_results") == ["CANCELLED"])
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test(
        "one that fails before its run has looked counts as cancelled, and is not said to be tried again",
        arguments: StoreUnderTest.allCases,
        [false, true]
    )
    func failsFirst(_ kind: StoreUnderTest, _ hasKeys: Bool) async throws {
        try await Fixture.with(kind) { fixture in
            let key = hasKeys ? "k" : nil
            let tasks = (hasKeys ? ["t", "u"] : ["t"]).map { NewTask(name: "A", lockKey: key, token: $0, batch: key) }
            _ = try await fixture.store.add(tasks)
            let handler = ClosureHandler { task, _ in task.token == "t" ? .failed(error: "x") : .succeeded() }
            // The attempt has failed, and is not written yet.
            let diary = Diary([.afterPerform, .onFailure, .onFailed]) { event in
                guard event == .afterPerform else { return }
                try await fixture.sql("UPDATE tasks SET cancel_requested_at = CURRENT_TIMESTAMP WHERE token = 't'")
            }
            let report = try await fixture.makeRun([handler], hooks: [diary]) { $0.hookTimeout = .seconds(300) }.run()
            #expect((report.cancelled, report.retried, report.leaseLost) == (1, 0, 0))
            #expect(diary.all.filter { $0.hasPrefix("on-") } == ["on-failure 1 x never again"])
            let left = try await fixture.rows("SELECT token, state FROM task_results ORDER BY token")
            #expect(left == (hasKeys ? ["t|CANCELLED", "u|COMPLETE"] : ["t|CANCELLED"]))
        }
    }

    @Test(
        "a handler that succeeds although it was cancelled is settled as it ended",
        arguments: StoreUnderTest.allCases
    )
    func endsAllTheSame(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", token: "t")])
            let began = Gate()
            let handler = ClosureHandler { _, _ in
                began.open()
                try? await Task.sleep(for: .seconds(600))
                return .succeeded(result: Array("all the same".utf8))
            }
            let run = try fixture.makeRun([handler])
            async let report = run.run()
            await began.wait()
            let other = try fixture.anotherStore()
            _ = try await other.cancel([.id(1)], retention: ResultRetention(.seconds(60)))
            await other.close()
            #expect(try await report.succeeded == 1)
            #expect(try await fixture.rows("SELECT state, result FROM task_results") == ["COMPLETE|all the same"])
        }
    }
}
