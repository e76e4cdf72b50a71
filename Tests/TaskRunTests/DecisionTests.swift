import Foundation
import Testing

@testable import TaskRun

@Suite("Decisions")
struct DecisionTests {
    private func task(attempt: Int = 1, maxAttempts: Int? = nil) -> ClaimedTask {
        ClaimedTask(
            proof: ClaimProof(id: 1, number: 1),
            name: "A",
            queue: "default",
            data: [],
            attempt: attempt,
            maxAttempts: maxAttempts,
            timeout: nil,
            crashes: 0
        )
    }

    @Test(
        "the backoff doubles from 15 s to 6 h",
        arguments: [(1, 15), (2, 30), (3, 60), (11, 15360), (12, 21600), (13, 21600), (1000, 21600), (0, 15)]
    )
    func backoff(_ attempt: Int, _ seconds: Int) {
        let policy = RetryPolicy()
        #expect(policy.backoff(afterAttempt: attempt, spread: 0) == .seconds(seconds))
        #expect(policy.backoff(afterAttempt: attempt, spread: 1) == .milliseconds(seconds * 1250))
    }

    @Test("with the defaults a task is tried for about 2.4 days")
    func wholeTime() {
        let waits = (1..<20).map { RetryPolicy().backoff(afterAttempt: $0, spread: 0.5) / .seconds(86400) }
        #expect((2.2...2.7).contains(waits.reduce(0, +)))
    }

    @Test("how a handler ended decides how its claim ends")
    func verdicts() {
        func decide(_ outcome: HandlerOutcome, attempt: Int = 1, row: Int? = nil) -> Verdict? {
            Verdict.decide(
                outcome: outcome,
                task: task(attempt: attempt, maxAttempts: row),
                policy: RetryPolicy(maxAttempts: 3),
                spread: 0
            )
        }
        #expect(decide(.succeeded()) == .delete)
        #expect(decide(.stopped) == .release())
        #expect(decide(.cancelled) == .cancel)
        #expect(decide(.settled(.settled)) == nil)
        #expect(decide(.permanentlyFailed(error: "x")) == .fail(error: "x"))
        #expect(decide(.failed(error: "x")) == .retry(after: .seconds(15), error: "x"))
        #expect(decide(.failed(error: "x", retryAfter: .seconds(7))) == .retry(after: .seconds(7), error: "x"))
        #expect(decide(.failed(error: "x"), attempt: 2, row: 2) == .fail(error: "x\n(attempt 2 of 2, none left)"))
        #expect(decide(.failed(error: "x"), attempt: 3, row: 4) == .retry(after: .seconds(60), error: "x"))
        #expect(decide(.failed(error: "x"), attempt: 3) == .fail(error: "x\n(attempt 3 of 3, none left)"))
        #expect(decide(.later(), attempt: 2) == .release(after: .seconds(30), isAsked: true))
        let later = Verdict.release(after: .seconds(5), error: "n", isAsked: true)
        #expect(decide(.later(after: .seconds(5), note: "n")) == later)
    }

    @Test("slow tasks are never claimed ahead, short ones in batches that at most double")
    func pace() {
        var pace = ClaimPace()
        #expect(pace.ahead(workers: 4) == 0)
        pace.note(.seconds(1))
        #expect(pace.ahead(workers: 4) == 1)
        for _ in 0..<200 { pace.note(.microseconds(10)) }
        var last = pace.ahead(workers: 2)
        for _ in 0..<20 {
            let next = pace.ahead(workers: 2)
            #expect(next <= max(2 * last, 4) && next <= 1000)
            last = next
        }
        #expect(last == 1000)
        for _ in 0..<10 { pace.note(bytes: 10_000_000) }
        #expect(pace.ahead(workers: 2) == 1)
        for _ in 0..<100 { pace.note(.seconds(2)) }
        #expect(pace.ahead(workers: 2) == 0)
    }

    @Test("the settings' limits go before the handler's, the row's before all")
    func precedence() {
        struct Plain: Handler {
            let name = "A"
            let kind = HandlerKind.swift
            let origin = "a test"
            var limits = HandlerLimits()
            func perform(_ task: ClaimedTask, in context: TaskContext) async -> HandlerOutcome { .stopped }
        }
        var settings = RunSettings()
        var handler = Plain()
        #expect(settings.timeout(for: task(), handler: handler) == .seconds(3600))
        handler.limits = HandlerLimits(timeout: .seconds(20), retry: RetryPolicy(maxAttempts: 2))
        #expect(settings.timeout(for: task(), handler: handler) == .seconds(20))
        #expect(settings.retryPolicy(for: handler).maxAttempts == 2)
        settings.limits["A"] = HandlerLimits(timeout: .seconds(10), retry: RetryPolicy(maxAttempts: 9))
        #expect(settings.timeout(for: task(), handler: handler) == .seconds(10))
        #expect(settings.retryPolicy(for: handler).maxAttempts == 9)
    }

    @Test("two handlers for one name are an error that names both")
    func conflict() {
        let twice = [SwiftHandler(Greeting()), SwiftHandler(Greeting())]
        let error = #expect(throws: HandlerRegistry.Conflict.self) { try HandlerRegistry(twice) }
        #expect(error?.description.contains("Swift type Greeting and Swift type Greeting") == true)
    }
}

struct Greeting: TaskHandler {
    struct Payload: Decodable, Sendable {
        let name: String
        let mood: String?
    }
    static let taskName = "GREETING"
    func perform(_ payload: Payload, in context: TaskContext) async throws {
        switch payload.mood {
        case "permanent": throw PermanentFailure("never")
        case "later": throw TryAgainLater(after: .seconds(5), note: "not yet")
        case "after": throw RetryAfter(.seconds(7), error: "slow down")
        case "cancelled": throw CancellationError()
        case "broken": throw CocoaError(.fileNoSuchFile)
        default: return
        }
    }
}
