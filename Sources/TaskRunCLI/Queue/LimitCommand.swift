import ArgumentParser
import TaskRun

/// `taskrun limit`: how many tasks of a queue or name may run.
struct LimitCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit",
        abstract: "Limit how many tasks of a queue or name run at once, or begin in a minute, on all hosts.",
        discussion: """
              taskrun limit reports --running 2
              taskrun limit --name CONTACT_EMAIL --per-minute 100
              taskrun limit reports --none
              taskrun limit

            Without arguments, it lists the limits. A minute starts with the first task that begins in it. Running \
            tasks continue. Runs apply a new limit within a second. Tasks with limits are claimed first, up to the \
            limit, because other work could otherwise keep them waiting for ever.

            With --json, each line is an object: kind (queue or name), name, max_running, max_per_minute (null: any \
            number).
            """
    )

    @Argument(help: "The queue.")
    var queue: String?
    @Option(help: ArgumentHelp("A task name, instead of a queue.", valueName: "name"))
    var name: String?
    @Option(help: ArgumentHelp("At most this many tasks at once; with 0, none begins.", valueName: "n"))
    var running: Int32?
    @Option(help: ArgumentHelp("At most this many tasks begin in a minute; with 0, none begins.", valueName: "n"))
    var perMinute: Int32?
    @Flag(help: "Remove the limit.")
    var none = false
    @OptionGroup var options: SharedOptions

    func validate() throws {
        if queue != nil, name != nil { throw ValidationError("Name a queue or use --name, not both.") }
        for (option, number) in [("--running", running), ("--per-minute", perMinute)] {
            if let number, number < 0 { throw ValidationError("\(option) is \(number): expected 0 or more.") }
        }
        try ArgumentWord.refuseEmpty([("--name", name), ("the queue", queue)])
        let isSet = running != nil || perMinute != nil
        if isSet, none { throw ValidationError("--none removes the limit: leave out the numbers.") }
        if subject == nil, isSet || none { throw ValidationError("Name what to limit: a queue, or --name.") }
        if subject != nil, !isSet, !none {
            throw ValidationError("Give a number: --running, --per-minute, or --none for no limit.")
        }
    }

    private var subject: TaskLimit.Subject? { queue.map { .queue($0) } ?? name.map { .name($0) } }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let limits = try await program.withStore(settings) { store in
            try await store.requireSchema()
            if let subject {
                try await store.setLimit(
                    TaskLimit(subject, running: running.map { Int($0) }, perMinute: perMinute.map { Int($0) })
                )
            }
            return try await store.limits().sorted {
                ($0.subject.kind, $0.subject.name) < ($1.subject.kind, $1.subject.name)
            }
        }
        if options.isJSON {
            try program.output.write(limits.map(\.json))
        } else if limits.isEmpty {
            try program.output.write("There are no limits.")
        } else {
            try program.output.write(Self.table(limits).lines(on: program.output.terminal))
        }
        return .done
    }

    private static func table(_ limits: [TaskLimit]) -> TextTable {
        var table = TextTable([
            .text("limited"), .name(""), .number("at once", usual: ""), .number("per minute", usual: ""),
        ])
        for limit in limits {
            table.add([
                "\(limit.subject.kind)", "\(limit.subject.name)", "\(limit.running.map(String.init) ?? "")",
                "\(limit.perMinute.map(String.init) ?? "")",
            ])
        }
        return table
    }
}

extension TaskLimit {
    /// For programs.
    fileprivate var json: JSONValue {
        [
            "kind": .text(subject.kind), "name": .text(subject.name), "max_running": .number(running),
            "max_per_minute": .number(perMinute),
        ]
    }
}
