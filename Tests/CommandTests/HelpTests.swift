import Testing

/// Help, version, and what is said of a mistyped command line.
@Suite struct HelpTests {
    static let commands = [
        "migrate", "once", "add", "status", "list", "show", "why", "runs", "batches", "top", "retry", "delete",
        "result", "wait",
        "cancel",
        "handlers", "check", "bench",
    ]

    @Test("the help names every command and the order in which settings are looked for")
    func root() async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let answer = try await scratch.taskrun("--help")
            #expect(answer.status == 0)
            for command in Self.commands { #expect(answer.output.contains("\n  \(command) ")) }
            let flat = answer.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(
                flat.contains(
                    "from the flag, the environment (TASKRUN_DATABASE, TASKRUN_CONFIG, …), the settings file, or the default"
                )
            )
        }
    }

    @Test("without a command the overview is written to stderr, and the exit code is 64", arguments: [[], ["--json"]])
    func noCommand(_ arguments: [String]) async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let help = try await scratch.taskrun("--help")
            let answer = try await scratch.start(arguments).answer()
            #expect(answer.status == 64)
            #expect(answer.output.isEmpty)
            #expect(answer.errors.split(separator: "\n") == help.output.split(separator: "\n"))
        }
    }

    @Test("each command's help has an example and the common options", arguments: commands)
    func command(_ command: String) async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let answer = try await scratch.taskrun("help", command)
            #expect(answer.status == 0)
            #expect(answer.output.contains("\n  taskrun \(command)") || answer.output.contains("taskrun once"))
            for option in ["--database", "--config", "--handlers", "--log-level", "--log-format", "--json"] {
                #expect(answer.output.contains(option))
            }
            #expect(try await scratch.taskrun(command, "--help").output == answer.output)
        }
    }

    @Test("the version is printed")
    func version() async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let answer = try await scratch.taskrun("--version")
            #expect(answer.output.wholeMatch(of: #/\d+\.\d+\.\d+\n/#) != nil)
        }
    }

    @Test("a mistyped command is answered with the nearest")
    func mistypedCommand() async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let answer = try await scratch.taskrun("--database", "sqlite:x.db", "stauts")
            #expect(answer.status == 64)
            #expect(answer.errors.hasPrefix("Error: unknown command \"stauts\" (did you mean \"status\"?)."))
        }
    }

    @Test(
        "a mistyped option is answered with the nearest",
        arguments: [["status", "--jsno"], ["--databse", "x", "list"]]
    )
    func mistypedOption(_ arguments: [String]) async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let answer = try await scratch.start(arguments).answer()
            #expect(answer.status == 64)
            #expect(answer.errors.contains("Did you mean '--"))
        }
    }

    @Test("the common options may stand before the command and after it")
    func optionsAnywhere() async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            #expect(try await scratch.taskrun("--database", "sqlite:other.db", "migrate").status == 0)
            let before = try await scratch.taskrun("--database", "sqlite:other.db", "--json", "status")
            let after = try await scratch.taskrun("status", "--json", "--database=sqlite:other.db")
            #expect(before.status == 0)
            #expect(before.output == after.output)
        }
    }

    @Test(
        "values that make no sense are usage errors",
        arguments: [
            ["once", "--limit", "0"], ["once", "--drain", "--window", "5s"], ["once", "--window", "50"],
            ["once", "--concurrency", "0"], ["list", "--status", "FALED"], ["list", "--limit", "0"],
            ["history", "--limit", "0"], ["retry"], ["retry", "1", "--all-failed"], ["delete"],
            ["add", "X", "--delay", "5"],
            ["add", "X", "--delay", "5s", "--run-at", "2030-01-01"], ["add", "X", "--run-at", "tomorrow"],
            ["add", "X", "--max-attempts", "0"],
            ["add", "X", "--priority", "99999999999"], ["migrate", "--print", "--dialect", "oracle"],
            ["migrate", "--print", "--status"],
            ["status", "--log-level", "loud"], ["status", "--database", "tasks.db"],
        ]
    )
    func usage(_ arguments: [String]) async throws {
        try await Scratch.with { scratch async throws in
            let answer = try await scratch.start(arguments).answer()
            #expect(answer.status == 64, "\(answer.errors)")
            #expect(answer.errors.hasPrefix("Error: "))
            #expect(answer.output.isEmpty)
        }
    }
}
