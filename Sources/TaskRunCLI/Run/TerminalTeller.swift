import TaskRun
import Text

/// On a terminal: a line per finished task, a progress line at the bottom, and a summary.
struct TerminalTeller: RunTeller {
    private struct Work {
        let task: ClaimedTask
        let began: Duration
        var progress: TaskContext.Progress?
        var note: String?
    }

    private let program: String
    private let terminal: Terminal
    private let slots: Int
    private let maxAttempts: @Sendable (ClaimedTask) -> Int
    private var work: [Int64: Work] = [:]
    private var ended = 0
    private var hasProgress = false
    private var isWaiting = false
    private var isCrowded = false
    /// Tasks that are still there, and whose reason did not fit into the line.
    private var cut: [Int64] = []
    // Grow as wider ones come, so that lines stay aligned from then on.
    private var idWidth = 3
    private var nameWidth = 12

    /// Prepares for a run.
    ///
    /// - Parameters:
    ///   - program: The program's name, for what to type.
    ///   - terminal: What can be shown.
    ///   - slots: How many handlers may work at once, over all runs of this host and user.
    ///   - maxAttempts: How many attempts a task has.
    init(
        program: String,
        terminal: Terminal,
        slots: Int,
        maxAttempts: @escaping @Sendable (ClaimedTask) -> Int
    ) {
        self.program = program
        self.terminal = terminal
        self.slots = slots
        self.maxAttempts = maxAttempts
    }

    mutating func lines(for event: RunEvent, at moment: Duration) -> [String] {
        let ink = Ink(isOn: terminal.hasColour)
        isWaiting = if case .waiting = event { true } else { false }
        switch event {
        case .began(let task):
            work[task.id] = Work(task: task, began: moment)
        case .progress(let task, let progress, let note):
            hasProgress = true
            work[task.id]?.progress = progress
            work[task.id]?.note = note
        case .ended(let task, let verdict, let result, let took):
            let hasBegun = work.removeValue(forKey: task.id) != nil
            ended += 1
            let ending = Ending(task, verdict, result, maxAttempts: maxAttempts(task))
            return [line(task, ending, took: hasBegun ? DurationText.taken(took) : "")]
        case .skipped(let task, let note):
            ended += 1
            return [line(task, Ending(skipped: note), took: "")]
        case .recovered(let tasks):
            let failed = tasks.count { $0.status == .failed }
            let more = failed > 0 ? ink(", \(failed) of them FAILED after too many crashes", .red) : ""
            return ["\(Self.count(tasks.count, "task")) recovered from runs that died" + more]
        case .stopping:
            return ["Stopping: running handlers may finish. Press Ctrl-C again to cancel them."]
        case .expired(let tasks):
            return [ink("\(Self.count(tasks.count, "task")) FAILED: expired before they began", .red)]
        case .abandoned(let tasks):
            return [QuietTeller.abandoned(tasks)]
        case .heldBack(let task, let why):
            return [ink(QuietTeller.heldBack(task, why), .yellow)]
        case .waiting, .trouble, .held:
            break
        }
        return []
    }

    private mutating func line(_ task: ClaimedTask, _ ending: Ending, took: String) -> String {
        let ink = Ink(isOn: terminal.hasColour)
        let (id, name) = ("\(task.id)", task.name.visible())
        (idWidth, nameWidth) = (max(idWidth, id.count), max(nameWidth, min(40, name.displayWidth)))
        let queue = task.queue == "default" ? "" : "  in \(task.queue.visible())"
        let front = "\(took.padded(9, onRight: false))  "
        let middle = "  \(id.padded(idWidth, onRight: false))  \(name.padded(nameWidth))\(queue)"
        let used = front.displayWidth + 1 + middle.displayWidth + 2
        let next = ending.next.cut(toWidth: max(20, (terminal.width ?? .max) - used))
        if next != ending.next, [.again, .failed].contains(ending.kind) { cut.append(task.id) }
        let mark = ink(String(ending.kind.rawValue), ending.kind.colour)
        let end = next.isEmpty ? "" : "  " + ink(next, ending.kind == .failed ? .red : .faint)
        return ink(front, .faint) + mark + middle + end
    }

    mutating func note(isCrowded: Bool) { self.isCrowded = isCrowded }

    func progress(at moment: Duration) -> String {
        if isCrowded, work.isEmpty, moment > .seconds(1) { return "\(ended) done, waiting: \(crowd)" }
        if isWaiting { return "\(ended) done, waiting for tasks" }
        guard !work.isEmpty, moment > .seconds(1) || hasProgress else { return "" }
        let busy = work.values.sorted { $0.task.id < $1.task.id }.map { work in
            let steps = work.progress.map { " \($0.done)" + ($0.total.map { "/\($0)" } ?? "") } ?? ""
            let note = work.note.map { " \($0.gist)" } ?? ""
            return "\(work.task.id) \(work.task.name.visible())\(steps)\(note) \(DurationText.age(moment - work.began))"
        }
        return "\(ended) done, \(work.count) at work: \(busy.joined(separator: ", "))"
    }

    func summary(_ report: RunReport, unknown: [UnknownName]) -> [String] {
        let ink = Ink(isOn: terminal.hasColour)
        var parts: [String] = []
        func add(_ number: Int, _ text: String, _ colour: Ink.Colour) {
            if number > 0 { parts.append(ink("\(number) \(text)", colour)) }
        }
        add(report.succeeded, "succeeded", .green)
        add(report.retried, "to be tried again", .yellow)
        add(report.failed, "FAILED", .red)
        add(report.released, "released", .faint)
        add(report.gaveWay, "gave way to equal ones", .faint)
        add(report.skipped, "skipped by hooks", .faint)
        add(report.cancelled, "cancelled", .faint)
        add(report.stuck, "stuck", .red)
        add(report.leaseLost, "lost to another run", .yellow)
        let idle = isCrowded ? "Nothing started: \(crowd)" : "Nothing is due"
        let total = report.claimed == 0 ? idle : Self.count(report.claimed, "task")
        let sum = parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")
        let list = report.failed > 0 ? ["See: \(program) list --status FAILED"] : []
        let first = "\(total)\(sum) (\(DurationText.taken(report.duration)))"
        return [first] + reasons + list + UnknownName.sentences(unknown)
    }

    /// Where the reasons stand that did not fit into their lines.
    private var reasons: [String] {
        guard let first = cut.first else { return [] }
        let others = cut.dropFirst().prefix(4).map { "\($0)" } + (cut.count > 5 ? ["…"] : [])
        let more = others.isEmpty ? "" : " (also \(others.joined(separator: ", ")))"
        return ["The full reason: \(program) show \(first)\(more)"]
    }

    /// Why nothing can be started.
    private var crowd: String {
        "other runs use \(slots == 1 ? "the only handler slot" : "all \(slots) handler slots") "
            + "(\(SettingTable.concurrency.key) \(slots))"
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}

extension String {
    /// Filled up with spaces to a number of columns.
    func padded(_ width: Int, onRight: Bool = true) -> String {
        let space = String(repeating: " ", count: Swift.max(0, width - displayWidth))
        return onRight ? self + space : space + self
    }
}
