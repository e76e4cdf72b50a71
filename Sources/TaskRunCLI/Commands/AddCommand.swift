import ArgumentParser
import SystemPackage
import TaskRun

/// `taskrun add`: adds tasks.
struct AddCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Adds a task, or many from stdin, and prints their numbers.",
        discussion: """
            An application adds its tasks itself, with an INSERT in its own transaction; this is for scripts and for \
            trying things out. The payload is stored byte for byte.

              taskrun add CONTACT_EMAIL '{"email":"john@doe.example"}' --delay 10m
              taskrun add REPORT - < payloads.jsonl
              taskrun add - < tasks.jsonl

            With "-" as NAME each line of stdin is a task: an object with task_name, and perhaps data, queue, priority, \
            run_at, delay, max_attempts, timeout_seconds. With NAME and "-" each line is a payload. All are added, or \
            none. What the table does not take, and what is no JSON, ends with exit code 65.
            """
    )

    @Argument(help: "The task name, or - for lines of whole tasks on stdin.")
    var name: String
    @Argument(help: "The payload: any JSON value, or - for one per line on stdin (default: {})")
    var json: String?
    @Option(help: "The queue (default: default)")
    var queue: String?
    @Option(parsing: .unconditional, help: "Smaller runs first; may be negative (default: 0)")
    var priority: Int?
    @Option(help: ArgumentHelp("Not before this long from now, like 10m.", valueName: "duration"))
    var delay: String?
    @Option(help: ArgumentHelp("Not before this moment: \(MomentText.expected).", valueName: "moment"))
    var runAt: String?
    @Option(help: "Attempts in all (default: as the handler is configured)")
    var maxAttempts: Int?
    @Option(
        help: ArgumentHelp(
            "The longest one attempt may take, like 30s (default: as the handler is configured)",
            valueName: "duration"
        )
    )
    var timeout: String?
    @OptionGroup var options: SharedOptions

    func validate() throws {
        if name == "-", json != nil {
            throw ValidationError("With - as NAME the payloads stand in the lines of stdin.")
        }
        if delay != nil, runAt != nil { throw ValidationError("--delay and --run-at exclude each other.") }
        if let maxAttempts, maxAttempts < 1 {
            throw ValidationError("--max-attempts is \(maxAttempts): expected 1 or more.")
        }
        _ = try common()
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let tasks = try tasks()
        let ids = try await program.withStore(settings) { try await $0.add(tasks) }
        if options.isJSON {
            try program.output.write(
                zip(ids, tasks).map { ["id": .number($0), "task_name": .text($1.name)] as JSONValue }
            )
        } else {
            try program.output.write(ids.map(String.init))
        }
        return .done
    }

    private func tasks() throws -> [NewTask] {
        let common = try common()
        if name == "-" { return try TaskLines.tasks(in: try StandardInput.text(), common: common) }
        if json == "-" { return try TaskLines.payloads(in: try StandardInput.text(), common: common) }
        var task = common
        task.data = json ?? task.data
        do {
            try JSONScanner.check(task.data)
        } catch {
            let place = error.line > 1 ? "line \(error.line), column \(error.column)" : "column \(error.column)"
            let advice = "Write it in single quotes, like '{\"email\":\"john@doe.example\"}'."
            throw ProgramError(.badData, "the payload is not JSON: \(error.problem), at \(place)", advice: advice)
        }
        return [task]
    }

    /// What the options say, for one task or for all lines.
    private func common() throws(ValidationError) -> NewTask {
        var task = NewTask(name: name, queue: queue, priority: priority, maxAttempts: maxAttempts)
        task.delay = try delay.map { text throws(ValidationError) in try Self.duration(text, "--delay") }
        let limit = try timeout.map { text throws(ValidationError) in try Self.duration(text, "--timeout") }
        // The column holds whole seconds.
        task.timeoutSeconds = limit.map { max(1, Int(($0 / .seconds(1)).rounded(.up))) }
        if let runAt {
            guard let moment = MomentText.parse(runAt) else {
                throw ValidationError("--run-at is \"\(runAt)\": expected \(MomentText.expected).")
            }
            task.runAt = moment
        }
        return task
    }

    private static func duration(_ text: String, _ flag: String) throws(ValidationError) -> Duration {
        guard let duration = DurationText.parse(text) else {
            throw ValidationError("\(flag) is \"\(text)\": expected \(DurationText.expected).")
        }
        return duration
    }
}
