import Foundation
import Testing

/// A run whose own programs send it signals.
@Suite("A handler that sends its run a signal")
struct OwnSignalTests {
    private static let scripts = [
        ("WORK", "kill -TERM $PPID; sleep 60"),
        ("WORK", "kill -INT $PPID; kill -INT $PPID; sleep 60"),
        ("WORK.stream", "echo '{\"hello\":1}'; read -r task; kill -TERM $PPID; sleep 60"),
    ]

    @Test(
        "has failed, attempt by attempt, and the run goes on with the others",
        arguments: Scratch.Database.allCases,
        scripts
    )
    func handler(_ database: Scratch.Database, _ script: (file: String, text: String)) async throws {
        try await Scratch.with(database) { place in
            try place.handler(script.file, script.text)
            try place.handler("OK", "exit 0")
            try await place.sql("INSERT INTO tasks (task_name, max_attempts) VALUES ('WORK', 1)")
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('OK')")
            let answer = try await place.taskrun("once", "--concurrency", "1")
            #expect(answer.status == 0, "\(answer.errors)")
            let rows = try await place.sql("SELECT task_name, status, last_error FROM tasks")
            #expect(rows.first?.hasPrefix("WORK|FAILED|") == true, "\(rows)")
            #expect(rows.first?.contains("it sent its own run a stop signal") == true, "\(rows)")
            #expect(!rows.contains { $0.hasPrefix("OK|") }, "\(rows)")
        }
    }

    @Test("a hook may stop its run", arguments: Scratch.Database.allCases)
    func hook(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            try place.write("#!/bin/sh\nkill -TERM $PPID; sleep 0.5\n", to: "hooks/run-start", mode: 0o755)
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('OK')")
            let answer = try await place.taskrun("once")
            #expect(answer.status == 0, "\(answer.errors)")
            #expect(try await place.sql("SELECT status, attempts FROM tasks") == ["WAITING|0"])
        }
    }
}
