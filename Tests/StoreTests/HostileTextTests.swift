import Foundation
import Synchronization
import TaskRun
import Testing

/// Texts that are made to cost much.
@Suite("Texts that are made to cost much")
struct HostileTextTests {
    private static let accents = "a" + String(repeating: "\u{0301}", count: 500_000)

    @Test(
        "an error of one letter with 500,000 accents is written down, cut to 8 KiB",
        arguments: StoreUnderTest.allCases
    )
    func accents(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(3, name: "FAILING", maxAttempts: 1)
            try await fixture.due(1, name: "LATER")
            try await fixture.due(3, name: "GOOD")
            let failing = ClosureHandler("FAILING") { _, context in
                context.progress(1, of: 2, note: Self.accents)
                return .failed(error: Self.accents)
            }
            let later = ClosureHandler("LATER") { _, _ in .later(after: .seconds(3600), note: Self.accents) }
            let began = ContinuousClock.now
            let report = try await fixture.makeRun([failing, later, ClosureHandler("GOOD")]).run()
            #expect(report.failed == 3 && report.released == 1 && report.succeeded == 3)
            // Three minutes, where a character's end is looked for at each byte.
            #expect(began.duration(to: .now) < .seconds(60))
            for row in try await fixture.store.list(TaskFilter()) {
                let error = try #require(row.lastError)
                #expect((4_096...LastError.limit).contains(error.utf8.count))
            }
        }
    }

    @Test("a value that the database itself quotes in an error is cut as well", arguments: StoreUnderTest.allCases)
    func quoted(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            let task = try #require(try await fixture.claim().first)
            let sql = kind == .postgresql ? "SELECT CAST(:v AS integer)" : "SELECT json(:v)"
            let script = Script(sql: sql, values: ["v": .text(Self.accents)])
            let outcome = try await fixture.store.perform(script, settling: task.proof, timeLimit: .seconds(60))
            guard case .failed(let error) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(error.utf8.count < 8 * 1024)
        }
    }

    @Test(
        "a list without payloads has everything else, and a bounded one goes on behind its last row",
        arguments: StoreUnderTest.allCases
    )
    func lists(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let data =
                "\"" + String((0..<30_000).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement() ?? "a" }) + "\""
            _ = try await fixture.store.add((1...6).map { NewTask(name: "A\($0)", data: data) })
            let short = try await fixture.store.list(TaskFilter(hasData: false))
            #expect(short.map(\.name) == (1...6).map { "A\($0)" } && short.allSatisfy { $0.data.isEmpty })
            var found: [TaskRow] = []
            var filter = TaskFilter(bytes: 70_000)
            while true {
                let part = try await fixture.store.list(filter)
                guard let last = part.last else { break }
                #expect((1...5).contains(part.count))
                found += part
                filter.after = last.id
            }
            #expect(found == (try await fixture.store.list(TaskFilter())))
            #expect(found.count == 6 && found.allSatisfy { $0.data == data })
        }
    }
}
