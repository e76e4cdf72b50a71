import Foundation
import TaskRun
import Testing

@Suite("Settle")
struct SettleConformanceTests {
    @Test("delete removes the row", arguments: StoreUnderTest.allCases)
    func delete(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2)
            let task = try #require(try await fixture.claim(limit: 1).first)
            #expect(try await fixture.store.settle([Settlement(task.proof, .delete)]) == [.settled])
            #expect(try await fixture.rows("SELECT id FROM tasks") == ["2"])
        }
    }

    @Test(
        "retry puts the row back, due after the wait, with its error, the attempt counted",
        arguments: StoreUnderTest.allCases
    )
    func retry(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "crashes", values: "2")
            let task = try #require(try await fixture.claim().first)
            let verdict = Verdict.retry(after: .seconds(40), error: "no route")
            #expect(try await fixture.store.settle([Settlement(task.proof, verdict)], now: Fixture.start) == [.settled])
            let row = try #require(try await fixture.store.show(1))
            #expect((row.status, row.attempts, row.crashes, row.lastError) == (.waiting, 1, 0, "no route"))
            #expect(row.runAt == Fixture.start.addingTimeInterval(40))
            #expect(row.leaseOwner == nil && row.leaseExpiresAt == nil)
            #expect(try await fixture.claim(now: Fixture.start.addingTimeInterval(41)).first?.attempt == 2)
        }
    }

    @Test("fail makes the row FAILED with its error", arguments: StoreUnderTest.allCases)
    func fail(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            let task = try #require(try await fixture.claim().first)
            #expect(try await fixture.store.settle([Settlement(task.proof, .fail(error: "bad"))]) == [.settled])
            let row = try #require(try await fixture.store.show(1))
            #expect((row.status, row.attempts, row.lastError, row.leaseOwner) == (.failed, 1, "bad", nil))
            #expect(row.leaseExpiresAt == nil)
        }
    }

    @Test("release gives the attempt back and leaves the place in the order", arguments: StoreUnderTest.allCases)
    func release(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "crashes, last_error", values: "1, 'old'")
            let before = try #require(try await fixture.store.show(1))
            let task = try #require(try await fixture.claim().first)
            #expect(try await fixture.store.settle([Settlement(task.proof, .release())]) == [.settled])
            var row = try #require(try await fixture.store.show(1))
            #expect(row.claimNumber == 1)
            row.claimNumber = 0
            #expect(row == before)
        }
    }

    @Test("release can wait and say why", arguments: StoreUnderTest.allCases)
    func releaseLater(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            let task = try #require(try await fixture.claim().first)
            let verdict = Verdict.release(after: .milliseconds(1500), error: "not yet")
            _ = try await fixture.store.settle([Settlement(task.proof, verdict)], now: Fixture.start)
            let row = try #require(try await fixture.store.show(1))
            #expect((row.status, row.attempts, row.lastError) == (.waiting, 0, "not yet"))
            #expect(row.runAt == Fixture.start.addingTimeInterval(1.5))
        }
    }

    @Test(
        "what asks in a circle to be given back waits for a second from the third time on, and is counted",
        arguments: StoreUnderTest.allCases
    )
    func releaseInCircle(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            let asked = Verdict.release(after: .zero, error: "busy", isAsked: true)
            for (number, wait) in [(1, 0), (2, 0), (3, 1), (4, 1)] {
                let now = Fixture.start.addingTimeInterval(Double(number) * 60)
                let task = try #require(try await fixture.claim(now: now).first)
                #expect(try await fixture.store.settle([Settlement(task.proof, asked)], now: now) == [.settled])
                let row = try #require(try await fixture.store.show(1))
                #expect((row.status, row.attempts, row.postponed) == (.waiting, 0, number))
                #expect(wait == 0 ? row.runAt <= now : row.runAt == now.addingTimeInterval(1))
            }
            let later = Fixture.start.addingTimeInterval(3600)
            // Longer than it must is as long as it asks.
            var task = try #require(try await fixture.claim(now: later).first)
            let longer = Verdict.release(after: .seconds(90), isAsked: true)
            _ = try await fixture.store.settle([Settlement(task.proof, longer)], now: later)
            #expect(try await fixture.store.show(1)?.runAt == later.addingTimeInterval(90))
            // A stop is no wish of the handler; a failure ends the row of wishes.
            task = try #require(try await fixture.claim(now: later.addingTimeInterval(100)).first)
            _ = try await fixture.store.settle([Settlement(task.proof, .release())], now: later.addingTimeInterval(100))
            #expect(try await fixture.store.show(1)?.postponed == 5)
            task = try #require(try await fixture.claim(now: later.addingTimeInterval(100)).first)
            _ = try await fixture.store.settle([Settlement(task.proof, .retry(after: .zero, error: "x"))])
            #expect(try await fixture.store.show(1)?.postponed == 0)
        }
    }

    @Test(
        "a lost lease changes nothing",
        arguments: StoreUnderTest.allCases,
        [Verdict.delete, .retry(after: .seconds(1), error: "x"), .fail(error: "x"), .release(error: "x")]
    )
    func lostLease(_ kind: StoreUnderTest, _ verdict: Verdict) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            let old = try #require(try await fixture.claim().first)
            _ = try await fixture.store.settle([Settlement(old.proof, .release())])
            #expect(try await fixture.store.settle([Settlement(old.proof, verdict)]) == [.leaseLost])
            let new = try #require(try await fixture.claim(owner: "other").first)
            #expect(new.proof.number > old.proof.number)
            let before = try await fixture.store.show(1)
            #expect(try await fixture.store.settle([Settlement(old.proof, verdict)]) == [.leaseLost])
            #expect(try await fixture.store.show(1) == before)
            #expect(try await fixture.store.settle([Settlement(new.proof, verdict)]) == [.settled])
        }
    }

    @Test("each settlement of a batch has its own result, in order", arguments: StoreUnderTest.allCases)
    func batch(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(6)
            let tasks = try await fixture.claim()
            #expect(tasks.count == 6)
            try await fixture.sql("UPDATE tasks SET claim_no = claim_no + 1 WHERE id IN (2, 5)")
            let verdicts: [Verdict] = [
                .delete, .delete, .retry(after: .seconds(9), error: "r"), .fail(error: "f"), .fail(error: "f"),
                .release(),
            ]
            let results = try await fixture.store.settle(zip(tasks, verdicts).map { Settlement($0.proof, $1) })
            #expect(results == [.settled, .leaseLost, .settled, .settled, .leaseLost, .settled])
            #expect(
                try await fixture.rows("SELECT id, status, attempts FROM tasks ORDER BY id")
                    == ["2|PROCESSING|1", "3|WAITING|1", "4|FAILED|1", "5|PROCESSING|1", "6|WAITING|0"]
            )
        }
    }

    @Test("settling and claiming happen together", arguments: StoreUnderTest.allCases)
    func exchange(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3)
            let first = try await fixture.claim(limit: 2)
            let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 5, crashed: 5))
            let exchange = try await fixture.store.settle(
                first.map { Settlement($0.proof, .release()) },
                thenClaim: request,
                now: Fixture.start
            )
            // What was just released can be claimed again at once, with a higher claim number.
            #expect(exchange.results == [.settled, .settled])
            #expect(
                exchange.claimed.map(\.proof) == [
                    .init(id: 1, number: 2), .init(id: 2, number: 2), .init(id: 3, number: 1),
                ]
            )
        }
    }

    @Test("the text of an error is cut to 8 KiB at a character's end, without NUL", arguments: StoreUnderTest.allCases)
    func longError(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            let task = try #require(try await fixture.claim().first)
            let error = "a\0b" + String(repeating: "日本", count: 5000)
            _ = try await fixture.store.settle([Settlement(task.proof, .fail(error: error))])
            let kept = try #require(try await fixture.store.show(1)?.lastError)
            #expect(kept.utf8.count <= 8192 && kept.utf8.count > 8180)
            #expect(kept.hasPrefix("a\u{FFFD}b日") && kept.hasSuffix("…"))
        }
    }

    @Test("an endless wait stays a date", arguments: StoreUnderTest.allCases)
    func endlessWait(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            let task = try #require(try await fixture.claim().first)
            let verdict = Verdict.retry(after: .seconds(Int64.max / 2), error: "x")
            #expect(try await fixture.store.settle([Settlement(task.proof, verdict)], now: Fixture.start) == [.settled])
            #expect(try await fixture.store.show(1)?.runAt == Fixture.start.addingTimeInterval(366 * 86400))
        }
    }

    @Test("a renewed lease ends a lease length from now; a lost one is told", arguments: StoreUnderTest.allCases)
    func renew(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3)
            let tasks = try await fixture.claim()
            try await fixture.sql("UPDATE tasks SET claim_no = claim_no + 1 WHERE id = 2")
            try await fixture.sql("DELETE FROM tasks WHERE id = 3")
            let later = Fixture.start.addingTimeInterval(60)
            let lost = try await fixture.store.renew(tasks.map(\.proof), lease: .seconds(300), now: later)
            #expect(Set(lost) == [tasks[1].proof, tasks[2].proof])
            #expect(try await fixture.store.show(1)?.leaseExpiresAt == later.addingTimeInterval(300))
            #expect(try await fixture.store.show(2)?.leaseExpiresAt == Fixture.start.addingTimeInterval(300))
        }
    }

    @Test(
        "rows that a lost answer claimed are given back, known and foreign ones are not",
        arguments: StoreUnderTest.allCases
    )
    func giveBack(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3)
            let known = try await fixture.claim(limit: 1)
            _ = try await fixture.claim(limit: 1)
            _ = try await fixture.claim(limit: 1, owner: "other")
            #expect(try await fixture.store.giveBack(owner: "me", except: known.map(\.proof)).count == 1)
            #expect(
                try await fixture.rows("SELECT id, status, attempts FROM tasks ORDER BY id")
                    == ["1|PROCESSING|1", "2|WAITING|0", "3|PROCESSING|1"]
            )
        }
    }
}
