import ArgumentParser
import Platform
import TaskRun
import Text

/// `taskrun why`: why a task is not running now, or what keeps the tasks of a queue or name waiting.
struct WhyCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Say why a task is not running now, and when it will; or count the reasons of all that wait.",
        discussion: """
              taskrun why 12
              taskrun why 6f0e1d2c3b4a59687786a5b4c3d2e1f0
              taskrun why --queue mail
              taskrun why --name CONTACT_EMAIL
              taskrun why

            It names what keeps the task waiting: its run_at, a backoff, a missing handler, a paused queue, a limit, \
            its lock key, its batch, handler slots in use; or which run holds it, or why it is FAILED. If a command \
            can change that, the command is shown as you can type it. What it knows about other hosts comes from the \
            rows that their runs have written (see "taskrun runs"): their handlers, their slots, and when a run was \
            last seen. Moments are in this host's time zone.

            Without a task, it counts the reasons of all waiting tasks, of those in a queue, or of those with a name. \
            It looks at 10,000 of them at most, and says so if there are more. An argument of digits only is a task \
            number; with --token it is a token.

            The exit status is 1 if there is no such task, and 66 if nothing is known of the token. With --json, a \
            task is one object: id, task_name, status, reason (a word), why (the sentence), until (when that ends by \
            itself, or null), command (or null), and the key also: a list of further reasons with the same keys. For \
            many tasks each line is an object: count, reason, why, example (the number of a task), command, is_all \
            (false: there are more tasks than were looked at).
            """
    )

    /// How many waiting rows are looked at.
    private static let mostRows = 10_000
    /// How many groups are shown to people.
    private static let mostGroups = 30

    @Argument(help: ArgumentHelp("A task's number or token.", valueName: "id-or-token"))
    var task: String?
    @Flag(help: "Read the argument as a token, even if it looks like a number.")
    var token = false
    @Option(help: "Count the reasons of the waiting tasks in this queue.")
    var queue: String?
    @Option(help: "Count the reasons of the waiting tasks with this name.")
    var name: String?
    @OptionGroup var options: SharedOptions

    func validate() throws {
        try ArgumentWord.refuseEmpty([("The task", task), ("--queue", queue), ("--name", name)])
        if task != nil, queue != nil || name != nil {
            throw ValidationError("Name one task, or use --queue or --name for many, not both.")
        }
        guard let task else {
            if token { throw ValidationError("--token is for the token of one task: name it.") }
            return
        }
        if isNumber(task), Int64(task) == nil {
            throw ValidationError(
                "\(task) is no task number: the greatest is \(Int64.max). If it is a token, add --token."
            )
        }
    }

    /// By itself Int64 reads a sign too.
    private func isNumber(_ task: String) -> Bool {
        !token && task.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let host = program.hostView(settings)
        return try await program.withStore(settings) { store in
            try await store.requireSchema()
            let selection: WaitFacts.Selection =
                switch task {
                case nil: .waiting(queue: queue, name: name, limit: Self.mostRows)
                case let task? where isNumber(task): .id(Int64(task) ?? 0)
                case let task?: .token(task)
                }
            let why = Why(try await store.factsWithRuns(selection), in: program, with: settings, on: host)
            guard task != nil else {
                try await write(why, to: program.output, store)
                return .done
            }
            if let facts = why.facts.tasks.first {
                try program.output.write(
                    options.isJSON ? [json(facts, why).line] : lines(facts, why, on: program.output.terminal)
                )
            } else {
                try await writeEnd(of: selection, why.text, to: program.output, store)
            }
            return .done
        }
    }
}

/// One task.
extension WhyCommand {
    private func lines(_ task: TaskFacts, _ why: Why, on terminal: Terminal) -> [String] {
        let head = "Task \(task.id) (\(task.name)) is \(task.status.rawValue): ".visible()
        return why.reasons(of: task).enumerated().flatMap { index, reason in
            let sentence = (index == 0 ? head : "Also: ") + why.text.sentence(reason)
            let command = why.text.command(for: reason, of: task)
            // A command stays in one line, so that it can be copied.
            return terminal.wrap(sentence.asSentence) + (command.map { ["  → \($0.visible())"] } ?? [])
        }
    }

    private func json(_ task: TaskFacts, _ why: Why) -> JSONValue {
        let reasons = why.reasons(of: task).map { reason -> [(key: String, value: JSONValue)] in
            [
                ("reason", .text(reason.code)), ("why", .text(why.text.sentence(reason))),
                ("until", .text(reason.end.map(MomentText.iso))),
                ("command", .text(why.text.command(for: reason, of: task))),
            ]
        }
        let head: [(key: String, value: JSONValue)] = [
            ("id", .number(task.id)), ("task_name", .text(task.name)), ("status", .text(task.status.rawValue)),
        ]
        return .object(head + (reasons.first ?? []) + [("also", .list(reasons.dropFirst().map { .object($0) }))])
    }

    /// Says how a task ended of which there is no row any more.
    private func writeEnd(
        of selection: WaitFacts.Selection,
        _ text: ReasonText,
        to output: Output,
        _ store: any TaskDatabase
    ) async throws {
        guard case .token(let token) = selection else {
            throw ProgramError(
                .incomplete,
                "there is no task \(task ?? "") in \(store.location)",
                advice: "It has succeeded, was cancelled, was deleted or never existed: there is no row of such a task."
            )
        }
        guard let state = try await store.states(of: [token]).first, state.state.isEnd else {
            throw ProgramError(
                .noInput,
                "nothing is known of this token",
                advice: "It was never used, or its result was removed after its time (setting keep_result)."
            )
        }
        let when = state.finishedAt.map { ", at \(MomentText.local($0)) (\($0.relative(to: text.now)))" } ?? ""
        let sentence = "it has ended\(when)"
        let command = text.typed(["result", token])
        guard !options.isJSON else {
            let object: JSONValue = [
                "id": .number(state.id), "task_name": .text(state.name), "status": .text(state.state.rawValue),
                "reason": .text("ended"), "why": .text(sentence), "until": .null, "command": .text(command),
                "also": .list([]),
            ]
            return try output.write(object.line)
        }
        let head = "Task \(state.id) (\(state.name)) is \(state.state.rawValue): ".visible()
        try output.write(output.terminal.wrap((head + sentence).asSentence) + ["  → \(command.visible())"])
    }
}

/// Many tasks.
extension WhyCommand {
    private func write(_ why: Why, to output: Output, _ store: any TaskDatabase) async throws {
        let groups = ReasonGroup.all(why.facts.tasks) { why.reasons(of: $0).first }
        let isAll = !why.facts.isPartial
        guard !options.isJSON else { return try output.write(groups.map { Self.json($0, why.text, isAll: isAll) }) }
        let count = why.facts.tasks.count
        let which = (name.map { " named \"\($0)\"" } ?? "", queue.map { " in queue \"\($0)\"" } ?? "")
        guard count > 0 || !isAll else {
            let hint = try await nearest(in: store).map { " Did you mean \"\($0)\"?" } ?? ""
            let none = "No task\(which.0) waits\(which.1).\(hint)".visible()
            return try output.write(output.terminal.wrap(none))
        }
        let subject = "\(CountText.write(count)) \(count == 1 ? "task" : "tasks")\(which.0)"
        let verb = count == 1 ? "waits" : "wait"
        let head =
            isAll
            ? "\(subject) \(verb)\(which.1):"
            : "\(subject) \(verb)\(which.1), among \(CountText.write(Self.mostRows)) waiting tasks that were looked at; "
                + (name == nil || queue == nil ? "there are more (choose with --queue and --name):" : "there are more:")
        let terminal = output.terminal
        try output.write(terminal.wrap(head.visible()) + Self.lines(groups, why.text, on: terminal))
    }

    static func lines(_ groups: [ReasonGroup], _ text: ReasonText, on terminal: Terminal) -> [String] {
        let shown = groups.prefix(mostGroups)
        let counts = shown.map { CountText.write($0.count) }
        let width = counts.map(\.count).max() ?? 0
        let lines = zip(shown, counts).flatMap { group, count in
            let space = String(repeating: " ", count: width - count.count)
            let example = (group.count == 1 ? "; task " : "; for example task ") + "\(group.example.id)"
            let command = text.command(for: group)
            return terminal.wrap("  \(space)\(count)  \(text.sentence(group))\(example)", hanging: width + 4)
                + (command.map { ["  \(String(repeating: " ", count: width))  → \($0.visible())"] } ?? [])
        }
        let rest = groups.dropFirst(mostGroups)
        let left = rest.reduce(0) { $0 + $1.count }
        return lines + (rest.isEmpty ? [] : ["  \(CountText.write(left)) more for \(rest.count) other reasons"])
    }

    static func json(_ group: ReasonGroup, _ text: ReasonText, isAll: Bool) -> JSONValue {
        [
            "count": .number(group.count), "reason": .text(group.reason.code), "why": .text(text.sentence(group)),
            "example": .number(group.example.id), "command": .text(text.command(for: group)), "is_all": .bool(isAll),
        ]
    }

    /// The name or queue that was probably meant.
    private func nearest(in store: any TaskDatabase) async throws(StoreError) -> String? {
        let names = try await store.waitingNames(limit: 1000)
        if let name, let nearest = Spelling.nearest(to: name, among: names), nearest != name { return nearest }
        guard let queue else { return nil }
        let queues = try await store.dueQueues(names: names, queues: nil)
        return Spelling.nearest(to: queue, among: queues).flatMap { $0 == queue ? nil : $0 }
    }
}
