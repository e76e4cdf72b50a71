import Testing

/// Answers of `add` that cannot be written: the tasks are in the table all the same.
@Suite struct UnwrittenAnswerTests {
    @Test(
        "what add did and cannot say on stdout is said on stderr, and a loop that tries again adds it once",
        arguments: Scratch.Database.allCases,
        [
            ("add A '{}' >/dev/full", "Task 1 is added; do not add it again."),
            ("add A '{}' >&-", "Task 1 is added; do not add it again."),
            ("add A '{}' --json >/dev/full", "Task 1 is added; do not add it again."),
            ("add A '{}' --token >/dev/full", "Task 1 is added; do not add it again."),
            ("add - >/dev/full", "1 to 2; do not add them again."),
            ("add A - >&-", "1 to 2; do not add them again."),
        ]
    )
    func once(_ database: Scratch.Database, _ trial: (command: String, words: String)) async throws {
        try await Scratch.with(database) { scratch async throws in
            let isBulk = trial.command.contains(" - ")
            if isBulk { try scratch.write("{\"task_name\":\"A\"}\n{\"task_name\":\"A\"}\n", to: "lines") }
            let input = isBulk ? "< lines" : ""
            let answer = try await scratch.shell(
                "for i in 1 2 3; do \"$0\" \(trial.command) \(input) && break; done"
            )
            #expect(answer.status == 0, "\(answer)")
            #expect(answer.errors.contains(trial.words), "\(answer)")
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == [isBulk ? "2" : "1"])
        }
    }

    @Test(
        "a result that add --wait cannot write ends in 74, and can still be asked for",
        arguments: Scratch.Database.allCases
    )
    func result(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("A", "echo done")
            let answer = try await scratch.shell("\"$0\" add A --with-token t1 --wait >/dev/full")
            #expect(answer.status == 74, "\(answer)")
            #expect(answer.errors.contains("Task 1 is added; do not add it again"), "\(answer)")
            #expect(try await scratch.taskrun("result", "t1").output == "done\n")
        }
    }
}

extension Scratch {
    /// Runs a line of shell with the binary as `$0`.
    fileprivate func shell(_ line: String) async throws -> Answer {
        try await Call(["sh", "-c", line, Self.binary], environment: environment, folder: folder).answer()
    }
}
