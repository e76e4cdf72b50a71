import Platform
import TaskRun
import Text

/// What `status` shows, as a table and as JSON.
struct StatusView {
    private struct Lane: Hashable {
        let queue: ByteText
        let name: ByteText
    }

    private struct Counts {
        let lane: Lane
        let waiting: Int
        let due: Int
        let processing: Int
        let failed: Int
        let oldestDue: Date?
    }

    private struct Run {
        let holder: TableSummary.Holder
        let life: HostProcesses.Life
    }

    private let counts: [Counts]
    private let unknown: [UnknownName]
    private let runs: [Run]
    private let horizonHolder: HorizonHolder?
    private let paused: [PausedQueue]
    private let now: Date

    /// Sums up.
    ///
    /// - Parameters:
    ///   - summary: The counts.
    ///   - known: The names that have a handler here.
    ///   - life: Whether a run is alive.
    ///   - now: The moment from which ages are counted.
    init(_ summary: TableSummary, known: [String], life: (String?) -> HostProcesses.Life, now: Date) {
        let lanes = Dictionary(grouping: summary.lines) { Lane(queue: ByteText($0.queue), name: ByteText($0.name)) }
        counts = lanes.map { lane, lines in
            func count(_ status: TaskStatus) -> Int { lines.reduce(0) { $0 + ($1.status == status ? $1.count : 0) } }
            return Counts(
                lane: lane,
                waiting: count(.waiting),
                due: lines.reduce(0) { $0 + $1.due },
                processing: count(.processing),
                failed: count(.failed),
                oldestDue: lines.compactMap(\.oldestDue).min()
            )
        }.sorted { ($0.lane.queue, $0.lane.name) < ($1.lane.queue, $1.lane.name) }
        let waiting = Set(counts.filter { $0.waiting > 0 }.map(\.lane.name)).subtracting(known.map { ByteText($0) })
        unknown = UnknownName.find(waiting.sorted().map(\.text), in: summary, known: known)
        runs = summary.holders.map { Run(holder: $0, life: life($0.owner)) }
        horizonHolder = summary.horizonHolder
        paused = summary.paused
        self.now = now
    }

    /// For people.
    func lines(on terminal: Terminal) -> [String] {
        let ink = Ink(isOn: terminal.hasColour)
        let notes = (UnknownName.sentences(unknown) + paused.map { $0.sentence + "." } + horizonSentence).map {
            ink($0, .yellow)
        }
        let paragraph = notes.isEmpty ? [] : [""] + notes
        guard !counts.isEmpty else { return ["No tasks."] + paragraph }
        var table = TextTable([
            .text("queue"), .text("task name"), .number("waiting"), .number("due"), .number("processing"),
            .number("failed"), .text("oldest due"),
        ])
        for line in counts {
            table.add([
                "\(line.lane.queue.text)", "\(line.lane.name.text)", "\(line.waiting)", "\(line.due)",
                TextTable.Cell("\(line.processing)", line.processing > 0 ? .cyan : nil),
                TextTable.Cell("\(line.failed)", line.failed > 0 ? .red : nil),
                TextTable.Cell(line.oldestDue.map { $0.relative(to: now) } ?? ""),
            ])
        }
        return table.lines(on: terminal) + paragraph + runLines(on: terminal)
    }

    private var horizonSentence: [String] {
        guard let holder = horizonHolder, holder.isLong() else { return [] }
        return ["On the server \(holder.found): \(HorizonHolder.harm). \(holder.remedy)".visible()]
    }

    private func runLines(on terminal: Terminal) -> [String] {
        guard !runs.isEmpty else { return [] }
        var table = TextTable([.text("run"), .text("state"), .number("tasks"), .text("first lease ends")])
        for run in runs {
            let colour: Ink.Colour? = run.life == .alive ? .green : run.life == .dead ? .red : nil
            table.add([
                "\(RunIdentity.describe(owner: run.holder.owner))",
                TextTable.Cell(run.life.rawValue, colour),
                "\(run.holder.tasks)",
                TextTable.Cell(run.holder.firstLeaseEnd.map { $0.relative(to: now) } ?? ""),
            ])
        }
        return [""] + table.lines(on: terminal)
    }

    /// For programs.
    var json: JSONValue {
        let tasks: [JSONValue] = counts.map { line in
            [
                "queue": .text(line.lane.queue.text), "task_name": .text(line.lane.name.text),
                "waiting": .number(line.waiting),
                "due": .number(line.due), "processing": .number(line.processing), "failed": .number(line.failed),
                "oldest_due": .text(line.oldestDue.map(MomentText.iso)),
            ]
        }
        let names: [JSONValue] = unknown.map {
            ["task_name": .text($0.name), "waiting": .number($0.count), "nearest": .text($0.nearest)]
        }
        let holders: [JSONValue] = runs.map { run in
            let identity = run.holder.owner.flatMap(RunIdentity.init(text:))
            return [
                "owner": .text(run.holder.owner), "host": .text(identity?.host),
                "pid": .number(identity.map { Int($0.pid) }), "state": .text(run.life.rawValue),
                "tasks": .number(run.holder.tasks),
                "first_lease_end": .text(run.holder.firstLeaseEnd.map(MomentText.iso)),
            ]
        }
        return [
            "tasks": .list(tasks), "unknown_names": .list(names), "runs": .list(holders),
            "paused_queues": .list(paused.map(\.json)), "horizon": horizonHolder?.json ?? .null,
        ]
    }
}
