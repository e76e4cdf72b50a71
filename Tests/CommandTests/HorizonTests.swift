import Foundation
import TaskRun
import Testing

@testable import TaskRunCLI

/// What status and check say of an old snapshot.
@Suite struct HorizonTests {
    @Test("a session with a transaction open is named by its number, and nobody where there is none")
    func session() async throws {
        try await Scratch.alone(.postgresql) { scratch async throws in
            func horizon() async throws -> [String: Any]? {
                try await scratch.taskrun("status", "--json").objects().first?["horizon"] as? [String: Any]
            }
            #expect(try await scratch.taskrun("status", "--json").output.hasSuffix("\"horizon\":null}\n"))
            let url = try #require(scratch.variables["TASKRUN_DATABASE"])
            let reader = try Call(
                ["psql", "-Xq", "-d", url, "-f", "-"],
                environment: scratch.environment,
                folder: scratch.folder,
                input: "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT pg_sleep(3600) FROM pg_class LIMIT 1;"
            )
            try await eventually("it is named") { try await horizon() != nil }
            let pid = try #require(try await scratch.sql(Self.readers).first)
            let object = try #require(try await horizon())
            #expect(object["kind"] as? String == "session" && object["pid"] as? Int == Int(pid))
            #expect(object["role"] as? String == "postgres" && object["application"] as? String == "psql")
            #expect(object["since"] is String && (object["age_seconds"] as? Double ?? 0) > 0)
            // Nobody has to look at it yet.
            #expect(try await scratch.taskrun("status").output == "No tasks.\n")
            let check = try await scratch.taskrun("check", "--json").objects().first {
                $0["subject"] as? String == "transactions"
            }
            #expect(check?["level"] as? String == "ok")
            #expect((check?["found"] as? String)?.contains("session \(pid) (role postgres") == true)

            try await scratch.sql("SELECT pg_terminate_backend(\(pid))")
            #expect(try await reader.answer().status != 0)
            try await eventually("it is gone") { try await scratch.sql(Self.readers).isEmpty }
            #expect(try await scratch.taskrun("status", "--json").output.hasSuffix("\"horizon\":null}\n"))
        }
    }

    private static let readers = """
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep(3600)%'
        """

    @Test("status has a line about it when it is old, with or without tasks")
    func line() {
        let terminal = Terminal(isTerminal: false, width: nil, hasColour: false)
        func lines(isLong: Bool, advice: String? = "End it.", _ tasks: [TableSummary.Line] = []) -> [String] {
            let found = "session 7 (application \"a\u{1b}\") has a transaction open"
            let horizon = Horizon(kind: "session", isLong: isLong, sentence: found, advice: advice)
            let summary = TableSummary(lines: tasks, holders: [], horizon: horizon)
            return StatusView(summary, known: ["A"], life: { _ in .unknown }, now: Date()).lines(on: terminal)
        }
        let line = "On the server session 7 (application \"a\u{FFFD}\") has a transaction open. End it."
        #expect(lines(isLong: true) == ["No tasks.", "", line])
        #expect(lines(isLong: true, advice: nil).last == String(line.dropLast(" End it.".count)))
        #expect(lines(isLong: false) == ["No tasks."])
        let tasks = [
            TableSummary.Line(queue: "default", name: "A", status: .waiting, count: 1, due: 0, oldestDue: nil)
        ]
        #expect(lines(isLong: true, tasks).suffix(2) == ["", line])
    }
}
