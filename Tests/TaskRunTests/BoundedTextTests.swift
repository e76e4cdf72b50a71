import Testing
import Text

@testable import TaskRun

/// Texts that cost much where they are cut by characters: one letter with any number of marks is one character.
@Suite("Texts that are cut")
struct BoundedTextTests {
    /// Texts whose characters are very long, or begin far before where one looks.
    static let hostile: [String] = [
        "a" + String(repeating: "\u{0301}", count: 500_000),
        String(repeating: "👩\u{200D}", count: 200_000),
        String(repeating: "🇩🇪", count: 100_000),
        String(repeating: "\0", count: 500_000),
        String(repeating: "\u{0301}\0", count: 200_000),
        "a" + String(repeating: "\u{200D}", count: 300_000),
        String(repeating: "क्\u{200D}", count: 100_000),
        String(repeating: "x", count: 5_000_000),
    ]

    /// Fails where something takes much longer than to look at every scalar of the text 400 times, on a busy machine.
    private func expectLinear(_ text: String, _ what: Comment, _ body: () -> Void) {
        let clock = ContinuousClock()
        var count = 0
        let once = clock.measure { for scalar in text.unicodeScalars where scalar == "z" { count += 1 } }
        let taken = clock.measure(body)
        #expect(taken < once * 400 + .seconds(60), "\(what), for \(text.utf8.count) bytes; \(count)")
    }

    @Test("a text is cut at the end of a scalar, at most as long as is asked for and never much shorter")
    func scalars() {
        let text = "aé€😀\u{0301}zß👩\u{200D}🔬 end"
        for limit in 0...text.utf8.count + 2 {
            let prefix = BoundedText.prefix(text, bytes: limit)
            let suffix = BoundedText.suffix(text, bytes: limit)
            #expect(text.utf8.starts(with: prefix.utf8) && text.utf8.reversed().starts(with: suffix.utf8.reversed()))
            #expect(String(validating: prefix.utf8, as: UTF8.self) != nil)
            #expect(String(validating: suffix.utf8, as: UTF8.self) != nil)
            let least = min(text.utf8.count, limit) - 3
            #expect((least...max(least, limit)).contains(prefix.utf8.count))
            #expect((least...max(least, limit)).contains(suffix.utf8.count))
        }
    }

    @Test("errors, notes and near names of hostile texts are found in linear time", arguments: hostile.indices)
    func linear(_ index: Int) {
        let text = Self.hostile[index]
        expectLinear(text, "an error") {
            let fit = LastError.fit(text)
            #expect(fit.utf8.count <= LastError.limit && fit.utf8.count > LastError.limit / 2 && !fit.utf8.contains(0))
        }
        expectLinear(text, "a note") {
            guard let progress = TaskContext.Progress(done: 1) else { return }
            let note = ProgressNote(progress, note: text).note ?? ""
            #expect(note.unicodeScalars.count <= 500 && note.utf8.count <= 2_000 && !note.utf8.contains(0))
        }
        expectLinear(text, "a near name") {
            #expect(Spelling.nearest(to: text, among: ["task_name", "data"]) == nil)
            #expect(Spelling.nearest(to: "data", among: [text, "date"]) == "date")
        }
        expectLinear(text, "JSON") {
            #expect(throws: JSONFault.self) { try JSONScanner.check("\"\(text)\" x") }
        }
    }

    @Test("a verdict holds no more of an error than the table takes, and says which attempt was the last")
    func verdict() {
        let task = ClaimedTask(
            proof: ClaimProof(id: 1, number: 1),
            name: "A",
            queue: "default",
            data: [],
            attempt: 3,
            maxAttempts: 3,
            timeout: nil,
            crashes: 0
        )
        for text in Self.hostile {
            let outcome = HandlerOutcome.failed(error: text)
            guard
                case .fail(let error)? = Verdict.decide(outcome: outcome, task: task, policy: RetryPolicy(), spread: 0)
            else {
                Issue.record("not FAILED")
                return
            }
            #expect(error.utf8.count <= LastError.limit)
            #expect(error.utf8.reversed().starts(with: "(attempt 3 of 3, none left)".utf8.reversed()))
        }
    }

    @Test("what handlers of a name may log: 100 lines a second, and one that says that there were more")
    func logBudget() {
        let budget = LogBudget()
        let start = ContinuousClock.now.advanced(by: .seconds(5))
        for second in 0..<3 {
            let now = start.advanced(by: .seconds(second))
            for _ in 0..<100 { #expect(budget.take(now: now) == .written) }
            #expect(budget.take(now: now) == .firstLeftOut)
            for _ in 0..<1_000 { #expect(budget.take(now: now) == .leftOut) }
        }
    }
}
