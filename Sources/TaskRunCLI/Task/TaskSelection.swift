import ArgumentParser
import Platform
import TaskRun
import Text

/// Which tasks a command is for, where they are not given by number: the options of `retry`, `cancel` and `delete`.
struct TaskSelection: ParsableArguments {
    /// The most tasks that are looked up at once.
    private static let most = 10_000

    @Option(help: "All tasks with this name.")
    var name: String?
    @Option(help: "All tasks in this queue.")
    var queue: String?
    @Option(help: "All tasks of this batch.")
    var batch: String?
    @Option(
        help: ArgumentHelp(
            "All tasks at least this old, like 1d: since they became FAILED, or else since they were added.",
            valueName: "age"
        ),
        transform: { try ArgumentWord.age($0) }
    )
    var older: Duration?
    @Flag(help: "Only say which tasks these are, and change nothing.")
    var dryRun = false

    func validate() throws {
        try ArgumentWord.refuseEmpty([("--name", name), ("--queue", queue), ("--batch", batch)])
    }

    /// Refuses numbers together with options, and neither of them.
    ///
    /// - Parameters:
    ///   - isWithoutNumbers: Whether no number was given.
    ///   - isMore: Whether the command's own option `--status` was given.
    /// - Throws: ValidationError that says what to choose.
    func check(_ isWithoutNumbers: Bool, alsoGiven isMore: Bool) throws(ValidationError) {
        guard isWithoutNumbers == (isGiven || isMore) else {
            let options = "one or more of --status, --name, --queue, --batch and --older"
            throw ValidationError("Choose one: task numbers, or \(options).")
        }
        if dryRun, !isWithoutNumbers { throw ValidationError("--dry-run is not for numbers of tasks.") }
    }

    /// Whether any of the options was given.
    var isGiven: Bool { name != nil || queue != nil || batch != nil || older != nil }

    /// Whether it is more than a name.
    var isBeyondName: Bool { queue != nil || batch != nil || older != nil || dryRun }

    /// The tasks that fulfil all given options, smallest number first.
    ///
    /// - Parameters:
    ///   - status: Only those in this state, or nil for all.
    ///   - store: Where to look, a part after the other.
    /// - Returns: The tasks.
    /// - Throws: What the store throws.
    func tasks(_ status: TaskStatus?, in store: any TaskDatabase) async throws(StoreError) -> SelectedTasks {
        var filter = TaskFilter(status: status, name: name, queue: queue, limit: Self.most)
        (filter.batch, filter.age) = (batch, older)
        var selected = SelectedTasks()
        while true {
            let part = try await store.matching(filter)
            part.forEach { selected.add($0) }
            guard part.count == Self.most else { return selected }
            filter.after = part.last?.id
        }
    }

    /// What the command did, for the record: how many tasks, by which options, who, and when.
    func record(
        _ did: String,
        _ count: Int,
        of selected: SelectedTasks,
        status: TaskStatus?,
        by person: String
    ) -> String {
        let rest = selected.ids.count - count
        let left = rest > 0 ? " \(CountText.tasks(rest)) left as they are." : ""
        let moment = MomentText.plain(Date())
        return "\(did) \(CountText.tasks(count)).\(left) (\(words(status)); \(person), \(moment) UTC)"
    }

    /// The given options, as they are typed.
    func words(_ status: TaskStatus? = nil) -> String {
        let options = [
            ("--status", status?.rawValue), ("--name", name), ("--queue", queue), ("--batch", batch),
            ("--older", older.map { DurationText.write($0) }),
        ]
        return options.compactMap { option in option.1.map { "\(option.0) \($0.visible())" } }.joined(separator: " ")
    }
}

/// The tasks that a command is for.
struct SelectedTasks {
    private struct Lane: Hashable {
        let queue: ByteText
        let name: ByteText
        let status: TaskStatus
    }

    /// Their numbers, smallest first.
    private(set) var ids: [Int64] = []
    private var counts: [Lane: Int] = [:]

    /// Notes one more.
    mutating func add(_ task: MatchedTask) {
        ids.append(task.id)
        counts[Lane(queue: ByteText(task.queue), name: ByteText(task.name), status: task.status), default: 0] += 1
    }

    /// Notes others, which are not among these.
    mutating func add(_ others: SelectedTasks) {
        ids += others.ids
        counts.merge(others.counts) { $0 + $1 }
    }

    private var lines: [(lane: Lane, count: Int)] {
        counts.map { (lane: $0.key, count: $0.value) }.sorted {
            ($0.lane.queue, $0.lane.name, $0.lane.status.rawValue)
                < ($1.lane.queue, $1.lane.name, $1.lane.status.rawValue)
        }
    }

    /// Says which tasks these are, for `--dry-run`.
    func tell(_ doing: String, in program: Program, isJSON: Bool) throws -> ExitStatus {
        try isJSON
            ? program.output.write(json) : program.output.write(table(doing, on: program.output.terminal))
        return .done
    }

    /// What `--dry-run` says: how many there are of each queue, name and state.
    private func table(_ doing: String, on terminal: Terminal) -> [String] {
        guard !ids.isEmpty else { return ["No tasks."] }
        var table = TextTable([
            .name("queue", usual: "default"), .name("task name"), .text("state"), .number("tasks"),
        ])
        for (lane, count) in lines {
            table.add([
                "\(lane.queue.text)", "\(lane.name.text)",
                TextTable.Cell(lane.status.rawValue, lane.status.colour), "\(count)",
            ])
        }
        let sum = "Would \(doing) \(CountText.tasks(ids.count)). Nothing was changed."
        return table.lines(on: terminal) + terminal.wrap(sum)
    }

    /// The same for programs: `queue`, `task_name`, `status`, `tasks`.
    private var json: [JSONValue] {
        lines.map { lane, count in
            [
                "queue": .text(lane.queue.text), "task_name": .text(lane.name.text),
                "status": .text(lane.status.rawValue), "tasks": .number(count),
            ]
        }
    }
}
