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
        /// The states of which there are more than were counted.
        let partial: Set<TaskStatus>

        /// A count for people.
        func text(_ count: Int, _ status: TaskStatus) -> String {
            CountText.write(count, isPartial: count > 0 && partial.contains(status))
        }
    }

    /// A run that holds tasks, or that goes on without any.
    private struct Run {
        let holder: TableSummary.Holder
        let life: HostProcesses.Life
        /// Its row, if it has one.
        let row: RunRow?
        /// How many of its tasks handlers work on.
        let running: Int
        /// Whether it has not been there for long, as far as its row says.
        let isLost: Bool
    }

    private let counts: [Counts]
    /// The totals, where they were counted apart from the lines.
    private let waiting, failed: TableSummary.Total?
    private let isWaitingPartial, isFailedPartial: Bool
    private let unknown: [UnknownName]
    private let runs: [Run]
    private let horizon: Horizon?
    private let paused: [PausedQueue]
    private let now: Date
    /// What the runs of all hosts do, or nil if that cannot be read.
    private let overview: RunOverview?
    private let why: Why?
    /// The reasons of waiting tasks.
    private let groups: [ReasonGroup]
    /// How many of them are shown.
    private static let mostGroups = 10

    /// Sums up.
    ///
    /// - Parameters:
    ///   - summary: The counts.
    ///   - known: The names that have a handler here.
    ///   - life: Whether a run is alive.
    ///   - now: The moment from which ages are counted, if the list of runs does not say.
    ///   - list: The newest runs, or nil if they cannot be read.
    ///   - served: What the hosts of the last hour have handlers for.
    ///   - why: Why tasks wait, or nil if that cannot be read.
    init(
        _ summary: TableSummary,
        known: [String],
        life: (String?) -> HostProcesses.Life,
        now: Date,
        list: RunList? = nil,
        served: ServedNames = ServedNames([]),
        why: Why? = nil
    ) {
        self.why = why
        groups = why.map { why in ReasonGroup.all(why.facts.tasks) { why.reasons(of: $0).first } } ?? []
        let lanes = Dictionary(grouping: summary.lines) { Lane(queue: ByteText($0.queue), name: ByteText($0.name)) }
        counts = lanes.map { lane, lines in
            func count(_ status: TaskStatus) -> Int { lines.reduce(0) { $0 + ($1.status == status ? $1.count : 0) } }
            return Counts(
                lane: lane,
                waiting: count(.waiting),
                due: lines.reduce(0) { $0 + $1.due },
                processing: count(.processing),
                failed: count(.failed),
                oldestDue: lines.compactMap(\.oldestDue).min(),
                partial: Set(lines.filter(\.isPartial).map(\.status))
            )
        }.sorted { ($0.lane.queue, $0.lane.name) < ($1.lane.queue, $1.lane.name) }
        let waiting = Set(counts.filter { $0.waiting > 0 }.map(\.lane.name)).subtracting(known.map { ByteText($0) })
            .filter { served.hosts(of: $0.text).isEmpty }
        unknown = UnknownName.find(
            waiting.sorted().map(\.text),
            in: summary,
            known: known,
            isOfThisHost: list == nil
        )
        let isAnythingDue = counts.contains { $0.due > 0 }
        let overview = list.map { RunOverview($0, holders: summary.holders, isAnythingDue: isAnythingDue, life: life) }
        let rows = Dictionary((list?.rows ?? []).map { ($0.record.run, $0) }) { first, _ in first }
        let holding = summary.holders.map { holder in
            let life = life(holder.owner)
            let row = holder.owner.flatMap { rows[$0] }
            let isLost = list.map { row?.standing(at: $0.now, life: life) == .lost } ?? false
            let running = overview?.running(of: holder.owner) ?? 0
            return Run(holder: holder, life: life, row: row, running: running, isLost: isLost)
        }
        let owners = Set(summary.holders.compactMap(\.owner))
        let idle = (overview?.live ?? []).filter { !owners.contains($0.record.run) }.map { row in
            let holder = TableSummary.Holder(owner: row.record.run, tasks: 0, firstLeaseEnd: nil)
            return Run(holder: holder, life: life(row.record.run), row: row, running: 0, isLost: false)
        }
        runs = holding + idle
        self.overview = overview
        let isPartial = { (status: TaskStatus) in summary.lines.contains { $0.status == status && $0.isPartial } }
        (isWaitingPartial, isFailedPartial) = (isPartial(.waiting), isPartial(.failed))
        (self.waiting, self.failed) = (summary.waiting, summary.failed)
        horizon = summary.horizon
        paused = summary.paused
        self.now = list?.now ?? now
    }

    /// Whether a person must do something: a task is FAILED, no run comes, or a task is due that no host can perform.
    var isTrouble: Bool {
        let names = Set(unknown.map { ByteText($0.name) })
        return counts.contains { $0.failed > 0 || $0.due > 0 && names.contains($0.lane.name) }
            || overview?.absence != nil
    }

    private func sum(_ count: KeyPath<Counts, Int>) -> Int { counts.reduce(0) { $0 + $1[keyPath: count] } }

    private var oldestDue: Date? { counts.compactMap(\.oldestDue).min() }

    /// Everything in one line, without what there is nothing of.
    var headline: String {
        func some(_ count: Int, _ word: String) -> String? { count > 0 ? "\(CountText.write(count)) \(word)" : nil }
        func total(_ total: TableSummary.Total?, _ sum: Int, _ isPartial: Bool) -> String {
            CountText.write(total?.count ?? sum, isPartial: total?.isPartial ?? isPartial)
        }
        let (allWaiting, allFailed) = (sum(\.waiting), sum(\.failed))
        let processing = sum(\.processing)
        let claimed = overview.map { min($0.claimed, processing) } ?? processing
        let tasks = [
            allWaiting > 0 ? "\(total(waiting, allWaiting, isWaitingPartial)) waiting" : nil,
            some(processing - claimed, "running"), some(claimed, "claimed"),
            allFailed > 0 ? "\(total(failed, allFailed, isFailedPartial)) failed" : nil,
            some(paused.count, "\(paused.count == 1 ? "queue" : "queues") paused"),
            oldestDue.map { "oldest \(Self.age(from: $0, to: now))" },
        ].compactMap(\.self)
        var hosts: [String] = []
        if let overview, let age = overview.lastAge {
            let live = overview.live.count
            if live > 0 {
                hosts = [
                    "\(CountText.write(live)) \(live == 1 ? "run" : "runs")",
                    "\(min(overview.running, overview.slots)) of \(overview.slots) slots busy",
                ]
            }
            hosts.append("last run \(DurationText.age(age)) ago")
        }
        let parts = [counts.isEmpty ? ["No tasks"] + tasks : tasks, hosts].filter { !$0.isEmpty }
        return parts.map { $0.joined(separator: ", ") }.joined(separator: "; ") + "."
    }

    private static func age(from date: Date, to now: Date) -> String {
        DurationText.age(.milliseconds(Int64(max(0, min(now.timeIntervalSince(date), 1e12)) * 1000)))
    }

    /// What to say if no run comes.
    private var absence: [String] {
        switch overview?.absence {
        case nil: return []
        case .never: return ["No run has been recorded: start taskrun once each minute from cron."]
        case .silent(let age, let last):
            let record = last.record
            return [
                "No run for \(DurationText.age(age)): is cron alive? The last one was on \(record.host), as "
                    + "\(record.user): \(record.command)"
            ].map { $0.visible() }
        }
    }

    /// For people.
    func lines(on terminal: Terminal) -> [String] {
        let ink = Ink(isOn: terminal.hasColour)
        func wrapped(_ sentences: [String], _ colour: Ink.Colour?) -> [String] {
            sentences.flatMap { terminal.wrap($0) }.map { ink($0, colour) }
        }
        let sentences = UnknownName.sentences(unknown) + paused.map { $0.sentence + "." } + horizonSentence
        let notes = wrapped(sentences, .yellow)
        let paragraph = notes.isEmpty ? [] : [""] + notes
        let head = wrapped([headline], nil) + wrapped(absence, .red)
        guard !counts.isEmpty else { return head + paragraph + runLines(on: terminal) }
        let reasons = reasonLines(on: terminal)
        var table = TextTable([
            .name("queue", usual: "default"), .name("task name"), .number("waiting"), .number("due"),
            .number("processing", usual: "0"), .number("failed", usual: "0"), .text("oldest due", usual: ""),
        ])
        for line in counts {
            table.add([
                "\(line.lane.queue.text)", "\(line.lane.name.text)", TextTable.Cell(line.text(line.waiting, .waiting)),
                TextTable.Cell(line.text(line.due, .waiting)),
                TextTable.Cell(line.text(line.processing, .processing), line.processing > 0 ? .cyan : nil),
                TextTable.Cell(line.text(line.failed, .failed), line.failed > 0 ? .red : nil),
                TextTable.Cell(line.oldestDue.map { $0.relative(to: now) } ?? ""),
            ])
        }
        return head + [""] + table.lines(on: terminal) + paragraph + reasons + runLines(on: terminal)
    }

    /// What keeps tasks waiting that the other lines do not say.
    private func reasonLines(on terminal: Terminal) -> [String] {
        guard let why else { return [] }
        let told = groups.filter { group in
            switch group.reason {
            case .notDue, .noHandler, .paused, .noRun: false
            // It is what each task waits for, for a moment.
            case .unclaimed(let since): since.map { now.timeIntervalSince($0) >= ReasonText.doubt } ?? false
            default: true
            }
        }
        guard !told.isEmpty else { return [] }
        let lines = WhyCommand.lines(Array(told.prefix(Self.mostGroups)), why.text, on: terminal)
        let more = told.count > Self.mostGroups || why.facts.isPartial ? ["  For all: \(why.text.typed(["why"]))"] : []
        return ["", "Why tasks wait:"] + lines + more.map { $0.visible() }
    }

    private var horizonSentence: [String] {
        guard let horizon, horizon.isLong else { return [] }
        return ["On the server \(horizon.sentence).\(horizon.advice.map { " \($0)" } ?? "")".visible()]
    }

    private func runLines(on terminal: Terminal) -> [String] {
        guard !runs.isEmpty else { return [] }
        var table = TextTable([
            .name("run"), .text("state"), .number("tasks"), .number("running"), .text("first lease ends", usual: ""),
            .text("seen", usual: ""),
        ])
        for run in runs {
            let colour: Ink.Colour? = run.isLost || run.life == .dead ? .red : run.life == .alive ? .green : nil
            let state = run.isLost && run.life == .unknown ? RunStanding.lost.rawValue : run.life.rawValue
            table.add([
                "\(RunIdentity.describe(owner: run.holder.owner))",
                TextTable.Cell(state, colour),
                "\(run.holder.tasks)",
                "\(run.running)",
                TextTable.Cell(run.holder.firstLeaseEnd.map { $0.relative(to: now) } ?? ""),
                TextTable.Cell(run.row?.seenAt.map { $0.relative(to: now) } ?? ""),
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
                "oldest_due": .text(line.oldestDue.map(MomentText.iso)), "is_partial": .bool(!line.partial.isEmpty),
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
                "running": .number(run.running), "slots": .number(run.row?.record.slots),
                "seen_at": .text(run.row?.seenAt.map(MomentText.iso)), "is_lost": .bool(run.isLost),
            ]
        }
        return [
            "tasks": .list(tasks), "unknown_names": .list(names), "runs": .list(holders),
            "paused_queues": .list(paused.map(\.json)), "summary": summary,
            "reasons": reasons,
            "horizon": horizon?.json ?? .null,
        ]
    }

    private var reasons: JSONValue {
        guard let why else { return .list([]) }
        return .list(groups.map { WhyCommand.json($0, why.text, isAll: !why.facts.isPartial) })
    }

    private var summary: JSONValue {
        let last = overview?.last
        let absence: String? =
            switch overview?.absence {
            case nil: nil
            case .never: "never"
            case .silent: "silent"
            }
        return [
            "waiting": .number(waiting?.count ?? sum(\.waiting)), "due": .number(sum(\.due)),
            "running": .number(overview?.running), "claimed": .number(overview?.claimed),
            "failed": .number(failed?.count ?? sum(\.failed)), "paused_queues": .number(paused.count),
            "oldest_due": .text(oldestDue.map(MomentText.iso)),
            "runs": .number(overview?.live.count), "slots": .number(overview?.slots),
            "last_run": last.map { $0.json(at: now) } ?? .null, "no_run": .text(absence),
            "is_trouble": .bool(isTrouble),
            "is_partial": .bool(isWaitingPartial || isFailedPartial),
        ]
    }
}

extension Horizon {
    fileprivate var json: JSONValue {
        .object([
            ("kind", .text(kind)), ("name", .text(name)), ("pid", .number(processID.map { Int($0) })),
            ("role", .text(role)), ("application", .text(application)), ("client", .text(client)),
            ("state", .text(state)), ("since", .text(start.map(MomentText.iso))),
            ("age_seconds", age.map { .seconds($0) } ?? .null),
        ])
    }
}
