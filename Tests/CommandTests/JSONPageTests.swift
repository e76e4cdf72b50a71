import Foundation
import Testing

@testable import TaskRunCLI

/// docs/json.md against what the commands print.
@Suite("docs/json.md")
struct JSONPageTests {
    /// The keys of each section of the page, by its heading.
    private func sections() throws -> [String: Set<String>] {
        let page = try Snippet.page("docs/json.md")
        var sections: [String: Set<String>] = [:]
        for part in page.components(separatedBy: "\n## ").dropFirst() {
            let lines = part.split(separator: "\n")
            let rows = lines.filter { $0.hasPrefix("| `") }
            let keys = rows.flatMap { row in
                row.split(separator: "|")[0].matches(of: /`([^`]+)`/).map { String($0.output.1) }
            }
            sections[String(lines[0])] = Set(keys)
        }
        return sections
    }

    /// The keys of an object, as the page writes them; payloads and results are one value.
    private func keys(_ value: Any, _ path: String = "") -> Set<String> {
        if ["data", "result", "horizon"].contains(path) { return [path] }
        if let object = value as? [String: Any] {
            return Set(object.flatMap { keys($0.value, path.isEmpty ? $0.key : "\(path).\($0.key)") })
        }
        if let list = value as? [Any] { return Set(list.flatMap { keys($0, path + "[]") }) }
        return [path]
    }

    @Test("each key that a command prints is on the page, and no other", arguments: Scratch.Database.allCases)
    func same(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "cat")
            try place.handler("BAD", "exit 65")
            var printed: [String: Set<String>] = [:]
            func run(_ section: String, _ words: [String]) async throws {
                let answer = try await place.start(words + ["--json"]).answer()
                for object in try answer.objects() { printed[section, default: []].formUnion(keys(object)) }
            }
            try await run("add", ["add", "OK", "--with-token", "t", "--reuse", "1h"])
            try await run("add", ["add", "OK", "--dedupe-key", "d"])
            try await run("add", ["add", "OK", "--dedupe-key", "d"])
            try await run("add", ["add", "OK", "--with-token", "held", "--delay", "1h"])
            try await run("add", ["add", "BAD"])
            try await run("add", ["add", "UNKNOWN", "--queue", "q", "--batch", "b"])
            try await run("add", ["add", "OK", "--after-batch", "b"])
            try await run("queues, pause, resume", ["pause", "q"])
            try await run("once", ["once"])
            printed["once", default: []].formUnion(["stuck", "trouble"])
            let owner = "elsewhere 7 7 other 7"
            try await place.sql(
                "INSERT INTO tasks (task_name, status, batch, lease_owner) VALUES ('OK', 'PROCESSING', 'b', '\(owner)')"
            )
            try await run("batches", ["batches"])
            try await run("top", ["top"])
            try await run("list, show", ["list", "--why"])
            try await run("status", ["status"])
            try await run("why", ["why"])
            // Its queue is paused, and it has no handler.
            try await run("why", ["why", "--token", "held"])
            let paused = try await place.sql("SELECT id FROM tasks WHERE queue = 'q'")
            try await run("why", ["why"] + paused)
            try await run("runs", ["runs"])
            try await run("queues, pause, resume", ["queues"])
            try await run("queues, pause, resume", ["resume", "q"])
            try await run("limit", ["limit", "q", "--running", "2"])
            try await run("result, wait", ["result", "t"])
            try await run("result, wait", ["result", "none"])
            let failed = try await place.sql("SELECT id FROM tasks WHERE status = 'FAILED'")
            let follower = try await place.sql("SELECT id FROM tasks WHERE after_batch = 'b'")
            for id in failed { try await run("list, show", ["show", id]) }
            try await run("retry, delete, cancel", ["retry", "99"] + failed)
            try await run("retry, delete, cancel", ["retry", "--now"] + follower)
            try await run("retry, delete, cancel", ["delete", "99"] + failed)
            try await run("retry, delete, cancel", ["cancel", "t", "held"])
            try await run("retry, delete, cancel", ["cancel", "--queue", "q", "--dry-run"])
            for id in failed { try await run("list, show", ["show", id]) }
            try await run("history", ["history"])
            for key in ["name", "queue", "host"] { try await run("stats", ["stats", "--by", key]) }
            for section in ["handlers", "check", "prune"] { try await run(section, [section]) }
            try await run("check", ["check", "--warn-late", "2m"])
            // Only where the tables have been changed.
            printed["check", default: []].insert("sql[]")
            try await run("migrate", ["migrate", "--status"])
            try await run("Errors", ["show", "99"])
            let sections = try sections()
            #expect(Set(printed.keys) == Set(sections.keys))
            for (section, known) in sections {
                let found = printed[section] ?? []
                #expect(found.subtracting(known) == [], "\(section): printed, but not on the page")
                #expect(known.subtracting(found) == [], "\(section): on the page, but not printed")
            }
        }
    }

    @Test("each command that answers in JSON has a section, or one with others")
    func commands() throws {
        let named = Set(try sections().keys.flatMap { $0.components(separatedBy: ", ") })
        // The help of bench has its keys; metrics writes a format of its own.
        #expect(Set(CommandWord.known).subtracting(["help", "bench", "metrics"]).subtracting(named) == [])
    }
}
