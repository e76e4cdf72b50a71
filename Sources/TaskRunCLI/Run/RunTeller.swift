import TaskRun
import Text

/// Decides what is said about a run; ``RunDisplay`` writes it.
protocol RunTeller: Sendable {
    /// What to say at once.
    mutating func lines(for event: RunEvent, at moment: Duration) -> [String]
    /// The trouble in an event that many tasks may share and that is said once for all of them: the task, the words,
    /// and what the tasks have in common; or nil if there is none.
    func trouble(in event: RunEvent) -> (task: Int64, line: String, alike: String)?
    /// Notes whether other runs use all handler slots.
    mutating func note(isCrowded: Bool)
    /// The line at the bottom of the screen, or empty for none.
    func progress(at moment: Duration) -> String
    /// What to say at the end.
    func summary(_ report: RunReport, unknown: [UnknownName]) -> [String]
}

extension RunTeller {
    func note(isCrowded: Bool) {}
    func trouble(in event: RunEvent) -> (task: Int64, line: String, alike: String)? { nil }
}

/// A name of WAITING tasks that has no handler.
struct UnknownName: Equatable {
    let name: String
    /// How many tasks wait, or nil if they could not be counted.
    let count: Int?
    /// The known name that was probably meant.
    let nearest: String?
    /// Whether only this host was looked at; else no host that ran within the last hour has a handler either.
    var isOfThisHost = false

    /// One sentence.
    var sentence: String {
        let name = "\"\(name.visible())\""
        let subject =
            switch count {
            case nil: "Tasks named \(name) wait"
            case 1?: "1 task named \(name) waits"
            case let count?: "\(count) tasks named \(name) wait"
            }
        let who = isOfThisHost ? "this host has no" : "no host has a"
        return "\(subject), but \(who) handler of that name\(Spelling.hint(nearest, for: self.name))."
    }

    /// The sentences for many, at most 20.
    static func sentences(_ unknown: [UnknownName]) -> [String] {
        let rest = unknown.count - 20
        return unknown.prefix(20).map(\.sentence) + (rest > 0 ? ["\(rest) more names have no handler."] : [])
    }
}

/// Without a terminal: says only what needs a person, because cron mails all output.
struct QuietTeller: RunTeller {
    /// How many FAILED tasks are named; the rest is counted.
    static let limit = 20
    /// What to type before the name of a command, options included: the reader of a mail is in another folder.
    let program: String
    private var failed = 0

    init(program: String) { self.program = program }

    /// Rows that the database does not let be deleted: one trouble, whatever their number.
    func trouble(in event: RunEvent) -> (task: Int64, line: String, alike: String)? {
        guard case .ended(let task, .fail(let error)?, .settled, _) = event,
            error.hasPrefix(Verdict.delete.summary)
        else { return nil }
        return (task.id, "Task \(task.id) \(task.name.visible()) is FAILED: \(error.gist)".asSentence, error)
    }

    mutating func lines(for event: RunEvent, at moment: Duration) -> [String] {
        switch event {
        case .ended(let task, .fail(let error), .settled, _):
            return tell("Task \(task.id) \(task.name.visible()) is FAILED: \(error.gist)", id: task.id)
        case .recovered(let tasks):
            return tasks.filter { $0.status == .failed }.flatMap { task in
                let cause = CrashText.inARow(task.crashes)
                return tell("Task \(task.id) \(task.name.visible()) is FAILED: \(cause)", id: task.id)
            }
        case .expired(let tasks):
            return tasks.flatMap {
                tell("Task \($0.id) \($0.name.visible()) is FAILED: expired before it began", id: $0.id)
            }
        case .abandoned(let tasks):
            return [Self.abandoned(tasks)]
        case .heldBack(let task, let why):
            return [Self.heldBack(task, why)]
        default:
            return []
        }
    }

    func progress(at moment: Duration) -> String { "" }

    func summary(_ report: RunReport, unknown: [UnknownName]) -> [String] {
        let rest = failed - Self.limit
        let more = rest > 0 ? ["\(rest) more tasks are FAILED. See: \(program) list --status FAILED"] : []
        let (count, setting) = (report.leaseLost, SettingTable.lease.key)
        let lost = count > 0 ? [CrashText.leasesLost(count, setting: setting)] : []
        return more + lost + UnknownName.sentences(unknown)
    }

    private mutating func tell(_ text: String, id: Int64) -> [String] {
        failed += 1
        return failed <= Self.limit ? [line(text, id: id)] : []
    }

    private func line(_ text: String, id: Int64) -> String { "\(text.asSentence) See: \(program) show \(id)" }

    /// Says why handlers do not start, and what happens to their tasks.
    static func heldBack(_ task: ClaimedTask, _ why: NotBegun) -> String {
        let reason = why.reason.gist.asSentence
        let rest =
            why.cause == .scarcity
            ? "Fewer handlers run at once for now; no attempt is counted."
            : "Tasks named \(task.name.visible()) wait, and no attempt is counted. Other tasks are performed."
        return "\(reason) \(rest)"
    }

    /// Names the handlers that did not end.
    static func abandoned(_ tasks: [ClaimedTask]) -> String {
        let names = tasks.map { "\($0.id) \($0.name.visible())" }.joined(separator: ", ")
        return "These handlers did not end when they were cancelled. They end with this process: \(names)"
    }
}
