import Foundation
import Testing

/// The page for who comes from another queue: its snippets do what it says, and its commands exist.
@Suite("docs/coming-from.md")
struct ComingFromPageTests {
    private static let page = "docs/coming-from.md"
    private static let headings = [
        "Gearman", "beanstalkd", "Amazon SQS", "Resque", "MemcacheQ", "A table and cron of your own",
    ]

    /// What a section's snippet has added: columns, and their values.
    private static let outcomes: [String: (columns: String, row: String)] = [
        "Gearman": ("task_name, data, length(token)", #"reverse|"Hello World!"|32"#),
        "beanstalkd": (
            "task_name, queue, data, priority, timeout_seconds", #"CONTACT_EMAIL|mail|{"email":"john@doe.com"}|10|120"#
        ),
        "Amazon SQS": ("task_name, data, lock_key, dedupe_key", #"INVOICE|{"order":17}|customer-4|invoice-17"#),
        "Resque": ("task_name, data", #"IMAGE_RESIZE|{"path":"/data/322.jpg","percent":50}"#),
        "MemcacheQ": ("task_name, queue, data", #"CONTACT_EMAIL|mail|{"email":"john@doe.com"}"#),
    ]

    @Test("each section has a snippet of there, which is well-formed, and the same here")
    func sections() async throws {
        let snippets = try Snippet.all(in: Self.page)
        #expect(Set(snippets.map(\.heading)) == Set(Self.headings))
        try await Scratch.with { place in
            for heading in Self.headings {
                let (there, here) = (
                    snippets.filter { $0.heading == heading && $0.mark == "there" },
                    snippets.filter { $0.heading == heading && $0.mark == "run" }
                )
                #expect(there.count == 1 && here.count == 1, "\(heading)")
                for snippet in there {
                    try place.write((snippet.kind == "php" ? "<?php\n" : "") + snippet.text, to: "there")
                    let words =
                        switch snippet.kind {
                        case "php": ["php", "-l", "there"]
                        case "python": ["python3", "-c", "compile(open('there').read(), 'there', 'exec')"]
                        default: ["ruby", "-c", "there"]
                        }
                    // Ruby need not be there.
                    let isHere = try await place.call(["sh", "-c", "command -v \(words[0])"]).status == 0
                    guard isHere || snippet.kind != "ruby" else { continue }
                    let end = try await place.call(words)
                    #expect(end.status == 0, "\(heading): \(end)")
                }
            }
        }
    }

    @Test("each snippet of here does what it says", arguments: headings, Scratch.Database.allCases)
    func here(_ heading: String, _ database: Scratch.Database) async throws {
        let snippet = try #require(
            try Snippet.all(in: Self.page).first { $0.heading == heading && $0.mark == "run" }
        )
        try await Scratch.with(database) { place in
            guard snippet.kind != "handler" else { return try await perform(snippet, in: place) }
            // Twice: where the second one is an equal task, there is still one.
            let isUnique = heading == "Amazon SQS"
            for _ in 0..<(isUnique ? 2 : 1) {
                guard let end = try await place.run(snippet, on: database) else { return }
                #expect(end.status == 0, "\(snippet.text)\n\(end.output)\n\(end.errors)")
            }
            let expected = try #require(Self.outcomes[heading])
            #expect(try await place.sql("SELECT \(expected.columns) FROM tasks") == [expected.row])
            if heading == "Gearman" { try await fetch(in: place) }
            if heading == "beanstalkd" {
                let wait =
                    database == .sqlite
                    ? "(julianday(run_at) - julianday('now')) * 86400" : "extract(epoch FROM run_at - now())"
                #expect(try await place.sql("SELECT count(*) FROM tasks WHERE \(wait) BETWEEN 300 AND 600") == ["1"])
            }
        }
    }

    /// The job handle's counterpart leads to the result.
    private func fetch(in place: Scratch) async throws {
        let token = try #require(try await place.sql("SELECT token FROM tasks").first)
        #expect(try await place.taskrun("result", token).errors.contains("WAITING"))
        try place.handler("reverse", "cut -d\\\" -f2 | rev")
        #expect(try await place.taskrun("once").status == 0)
        #expect(try await place.taskrun("result", token).output == "!dlroW olleH\n")
    }

    /// The handler that remains of a loop of one's own.
    private func perform(_ snippet: Snippet, in place: Scratch) async throws {
        try place.write(snippet.text, to: "handlers/\(snippet.argument)", mode: 0o755)
        try place.write(
            "<?php function send_mail($mail) { file_put_contents('sent', $mail['email'], FILE_APPEND); }",
            to: "mail.php"
        )
        try await place.sql(
            #"INSERT INTO tasks (task_name, data) VALUES ('SEND_MAIL', '{"email":"john@doe.com"}')"#
        )
        let end = try await place.taskrun("once")
        #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
        #expect(try String(contentsOf: place.folder.appending(path: "sent"), encoding: .utf8) == "john@doe.com")
        #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
    }

    @Test("each command of the tables can be given", arguments: Scratch.Database.allCases)
    func commands(_ database: Scratch.Database) async throws {
        let commands = try Snippet.page(Self.page).matches(of: /`taskrun ([^`]+)`/).map { String($0.output.1) }
        #expect(commands.count > 10)
        try await Scratch.with(database) { place in
            try place.handler("OK", "cat")
            try await place.sql("INSERT INTO tasks (task_name, data, token) VALUES ('OK', '1', 'token')")
            for command in Set(commands).sorted() {
                let text = command.replacing("add …", with: "add OK 2").replacing("QUEUE", with: "mail")
                    .replacing("TOKEN", with: "token").replacing("retry ID", with: "retry --name OK")
                    .replacing(/\ ID\b/, with: " 1")
                // It waits for lines of tasks.
                let input = "{\"task_name\":\"LATER\",\"delay\":\"1h\"}\n"
                let words = text == "retry" ? ["retry", "--all-failed"] : text.split(separator: " ").map(String.init)
                let end = try await place.start(words, input: input).answer()
                // 75: the task has not ended yet. 1: nothing to send back.
                #expect([0, 1, 75].contains(end.status), "taskrun \(command): \(end)")
                #expect(!end.errors.contains("Usage:"), "taskrun \(command): \(end)")
            }
        }
    }
}
