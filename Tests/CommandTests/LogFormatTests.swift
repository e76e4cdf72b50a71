import Foundation
import Testing

/// `--log-format json`.
@Suite("The log as JSON")
struct LogFormatTests {
    private func records(_ answer: Answer) throws -> [[String: Any]] {
        try answer.errors.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return try #require(object as? [String: Any], "\(line)")
        }
    }

    @Test("each line is an object that names task, attempt and run", arguments: Scratch.Database.allCases)
    func records(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            try place.handler("NO", "echo 'it is \"bad\"' >&2; exit 65")
            try await place.taskrunOK("add", "OK")
            try await place.taskrunOK("add", "NO")
            try await place.taskrunOK("add", "NONE")
            let run = try place.start(["once", "--log-format", "json", "--log-level", "debug", "--concurrency", "1"])
            let answer = try await run.answer()
            let records = try records(answer)
            #expect(records.allSatisfy { $0["time"] is String && $0["level"] is String && $0["message"] is String })
            let owners = Set(records.compactMap { $0["run"] as? String })
            #expect(owners.count == 1 && owners.first?.contains(" \(run.pid) ") == true)
            let ended = try #require(records.first { ($0["message"] as? String)?.hasPrefix("succeeded") == true })
            #expect(ended["task"] as? Int == 1 && ended["attempt"] as? Int == 1 && ended["level"] as? String == "info")
            #expect(ended["task_name"] as? String == "OK")
            // What is said without a logger is an object as well.
            #expect(records.contains { ($0["message"] as? String)?.contains("\"NONE\"") == true })
            #expect(records.contains { ($0["message"] as? String)?.contains("it is \"bad\"") == true })
        }
    }

    @Test("errors are objects, and the setting does the same as the flag")
    func errors() async throws {
        try await Scratch.with { place in
            try place.write("log_format: json\n", to: "taskrun.yaml")
            let answer = try await place.taskrun("--database", "sqlite:none.db", "status")
            let record = try #require(try records(answer).last)
            #expect(answer.status == 78 && record["level"] as? String == "error", "\(answer)")
            let flag = try await place.taskrun("status", "--log-format", "text", "--database", "sqlite:none.db")
            #expect(flag.errors.hasPrefix("Error: "))
            let wrong = try await place.taskrun("status", "--log-format", "xml")
            #expect(wrong.status == 64 || wrong.status == 78)
            #expect(wrong.errors.contains("one of text, json"))
            let broken = try await place.setting(["TASKRUN_LOG_FORMAT": "json"]).taskrun("status", "--config", "none")
            #expect(try records(broken).last?["level"] as? String == "error", "\(broken)")
        }
    }
}
