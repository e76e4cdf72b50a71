import Foundation
import Synchronization
import TaskRun
import Testing

@Suite("Handlers that cannot begin")
struct NotBegunConformanceTests {
    /// What a run said was held back.
    private final class Said: Sendable {
        private let reasons = Mutex<[String]>([])
        var all: [String] { reasons.withLock { $0 } }
        func note(_ event: RunEvent) {
            if case .heldBack(_, let why) = event { reasons.withLock { $0.append(why.reason) } }
        }
    }

    @Test(
        "what did not begin costs no attempt, is said once, and is not claimed for a while; the others go on",
        arguments: StoreUnderTest.allCases
    )
    func others(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(40, name: "BAD", maxAttempts: 1)
            try await fixture.due(40, name: "GOOD")
            let bad = ClosureHandler("BAD") { _, _ in .notBegun(NotBegun(.handler, "no interpreter")) }
            let good = ClosureHandler("GOOD")
            let said = Said()
            let report = try await fixture.makeRun([bad, good], observer: { said.note($0) }).run()
            #expect(report.succeeded == 40 && report.failed == 0 && report.retried == 0)
            #expect(good.ids.count == 40)
            // A try or two for each pause that was over, and not one for each task.
            #expect(bad.ids.count < 40)
            #expect(said.all == ["no interpreter"])
            let rows = try await fixture.rows("SELECT status, attempts, count(*) FROM tasks GROUP BY 1, 2")
            #expect(rows == ["WAITING|0|40"])
            try await fixture.expect("SELECT count(DISTINCT last_error) FROM tasks", "1")
        }
    }

    @Test(
        "what passes by itself within a second is performed by the same run, also with one attempt",
        arguments: StoreUnderTest.allCases
    )
    func passing(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(20, maxAttempts: 1)
            let tries = Mutex(0)
            let handler = ClosureHandler { _, _ in
                let number = tries.withLock { tries in
                    tries += 1
                    return tries
                }
                return number < 3 ? .notBegun(NotBegun(.passing, "being written to")) : .succeeded()
            }
            let report = try await fixture.makeRun([handler]) { $0.concurrency = 1 }.run()
            #expect(report.succeeded == 20 && report.failed == 0)
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test(
        "where the machine has room for two handlers only, two are at work at once, and nothing fails",
        arguments: StoreUnderTest.allCases
    )
    func scarcity(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(60, maxAttempts: 1)
            let running = Mutex(0)
            let handler = ClosureHandler { _, _ in
                let isRoom = running.withLock { running in
                    guard running < 2 else { return false }
                    running += 1
                    return true
                }
                guard isRoom else { return .notBegun(NotBegun(.scarcity, "too many processes")) }
                defer { running.withLock { $0 -= 1 } }
                try? await Task.sleep(for: .milliseconds(20))
                return .succeeded()
            }
            let said = Said()
            let report = try await fixture.makeRun([handler], { $0.concurrency = 8 }, observer: { said.note($0) }).run()
            #expect(report.succeeded == 60 && report.failed == 0 && report.retried == 0)
            #expect(said.all == ["too many processes"])
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test("a run that nothing lets begin ends by itself, with every task as it was", arguments: StoreUnderTest.allCases)
    func nothing(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(10, maxAttempts: 1)
            for cause in [NotBegun.Cause.handler, .passing, .scarcity] {
                let handler = ClosureHandler { _, _ in .notBegun(NotBegun(cause, "no")) }
                let report = try await fixture.makeRun([handler]).run()
                #expect(report.succeeded == 0 && report.failed == 0 && report.released == report.claimed)
                let rows = try await fixture.rows(
                    "SELECT status, attempts, crashes, count(*) FROM tasks GROUP BY 1, 2, 3"
                )
                #expect(rows == ["WAITING|0|0|10"])
            }
        }
    }
}
