import Foundation
import TestSupport
import Testing

@Suite("README")
struct ReadmeTests {
    @Test("every snippet of the README does what it says")
    func all() async throws {
        try await Scratch.with(.postgresql) { postgresql in
            try await Scratch.with(.sqlite) { place in
                try FileManager.default.removeItem(at: place.folder.appendingPathComponent("tasks.db"))
                for snippet in try Snippet.all(in: "README.md") {
                    try await run(snippet, in: place.newcomer, postgresql)
                }
                try await outcome(in: place)
            }
        }
    }

    private func run(_ snippet: Snippet, in place: Scratch, _ postgresql: Scratch) async throws {
        let file = place.folder.appendingPathComponent("snippet")
        try snippet.text.write(to: file, atomically: true, encoding: .utf8)
        let end: Answer
        switch snippet.kind {
        case "make": end = try await place.other("make", "-n", "-C", Snippet.root.path, "demo", "test")
        case "sh": end = try await place.other("sh", "-eux", file.path)
        case "php": end = try await place.other("php", file.path)
        case "python": end = try await place.other("python3", file.path)
        case "psql":
            end = try await place.other(
                "psql",
                "-X",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                (postgresql.variables["TASKRUN_DATABASE"] ?? ""),
                "-f",
                file.path
            )
        case "handler":
            try place.write(snippet.text, to: "handlers/\(snippet.argument)", mode: 0o755)
            end = try await place.taskrun("handlers")
        case "hook":
            try place.write(snippet.text, to: "hooks/\(snippet.argument)", mode: 0o755)
            end = try await place.taskrun("check")
            #expect(end.output.contains("hooks              \(snippet.argument)\n"))
        case "postgresql":
            let text = snippet.text.replacing(
                /postgres:\/\/\S+/,
                with: "'\((postgresql.variables["TASKRUN_DATABASE"] ?? ""))'"
            )
            try text.write(to: file, atomically: true, encoding: .utf8)
            end = try await place.other("sh", "-eux", file.path)
        case "settings":
            try FileManager.default.moveItem(at: file, to: place.folder.appendingPathComponent("taskrun.yaml"))
            end = try await place.taskrun("status")
        case "swift":
            // `make test` builds the package that these files are of.
            let sources = Snippet.root.appendingPathComponent("Examples/OwnHandlers/Sources/MyTasks")
            let text = try String(contentsOf: sources.appendingPathComponent(snippet.argument), encoding: .utf8)
            #expect(text == snippet.text)
            return
        default:
            Issue.record("nobody knows how to run \"\(snippet.kind)\"")
            return
        }
        #expect(end.status == 0, "\(snippet.text)\n\(end.output)\n\(end.errors)")
    }

    /// What the snippets have set going.
    private func outcome(in place: Scratch) async throws {
        let newcomer = place.newcomer
        let text = try String(contentsOf: place.folder.appendingPathComponent("greetings.txt"), encoding: .utf8)
        #expect(text.components(separatedBy: #"{"name":"Ada"}"#).count == 3, "once on SQLite, once on PostgreSQL")
        try await place.sql("CREATE TABLE subscribers (email text); CREATE TABLE cancellations (email text)")
        try await place.sql("INSERT INTO subscribers VALUES ('john@doe.com')")
        for name in ["WELCOME", "NEWSLETTER_CANCEL"] {
            _ = try await newcomer.taskrun("add", name, #"{"email":"john@doe.com"}"#)
        }
        _ = try await newcomer.taskrun("add", "SHOUT", #"{"text":"hello"}"#)
        try place.write("", to: "no-mail")
        _ = try await newcomer.taskrun("add", "NEWSLETTER")
        try place.write("#!/bin/sh\ntouch sent\n", to: "handlers/NEWSLETTER", mode: 0o755)
        let end = try await newcomer.taskrun("once", "--json")
        // PHP's and Python's e-mails, two of the shell's, and the three above; the shell's first is for ten minutes later.
        #expect(end.output.contains("\"succeeded\":7"), "\(end)")
        #expect(end.output.contains("\"skipped\":1"), "\(end)")
        #expect(!place.has("sent"))
        #expect(try await place.sql("SELECT count(*) FROM subscribers") == ["0"])
        #expect(try await place.sql("SELECT email FROM cancellations") == ["john@doe.com"])
        #expect(try await place.sql("SELECT task_name, status FROM tasks") == ["CONTACT_EMAIL|WAITING"])
        let outbox = place.folder.appendingPathComponent("outbox").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: outbox).count == 4)
    }
}

extension Scratch {
    /// As a newcomer has it: taskrun on PATH.
    fileprivate var newcomer: Scratch {
        let folder = URL(filePath: Self.binary).deletingLastPathComponent().path
        return setting(["PATH": "\(folder):\(environment["PATH"] ?? "/usr/bin:/bin")"])
    }
}
