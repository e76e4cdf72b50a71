import Platform
import TaskRun
import Text

/// What is said of the reasons why tasks wait, and which command would change that.
struct ReasonText {
    /// The moment of the facts.
    let now: Date
    /// What to type before the name of a command, options included.
    let command: String

    /// How long a due task may wait before cron is doubted: runs begin each minute.
    static let doubt = 120.0

    /// One sentence, without a full stop: `queue mail is paused until it is resumed: the provider is down (ada@web1)`.
    func sentence(_ reason: Reason) -> String { words(reason).visible() }

    private func words(_ reason: Reason) -> String {
        switch reason {
        case .unclaimed(let since):
            let isDoubtful = since.map { now.timeIntervalSince($0) >= Self.doubt } ?? false
            return "\(due(since)): the next run takes it. No run has claimed it yet"
                + (isDoubtful ? "; is cron running?" : "")
        case .noSlot(let slots, let users):
            return slots == 1
                ? "due, but the only handler slot of this host is in use: \(names(users, of: slots))"
                : "due, but all \(slots) handler slots of this host are in use: \(names(users, of: slots))"
        case .noRun(let since, let last):
            let age = DurationText.age(.milliseconds(age(since)))
            return "due, but there was no run for \(age): is cron alive? "
                + "The last one was on \(last.host), as \(last.user): \(last.command)"
        case .noSlotAnywhere(let slots, let hosts, let users):
            let what = slots == 1 ? "the only handler slot" : "all \(slots) handler slots"
            return "due, but \(what) of \(list(hosts)) \(slots == 1 ? "is" : "are") in use: "
                + names(users, of: slots)
        case .elsewhere(let name, let hosts, let since):
            let verb = hosts.count == 1 ? "has" : "have"
            return "\(due(since)): only \(list(hosts)) \(verb) a handler named \"\(name)\", this host has none"
        case .crashed(let times):
            return
                "due, but its runs have died \(times) times in a row: a run begins it only while it holds no other task"
        case .notDue(let end): return end.map { "not due before \(moment($0))" } ?? "its run_at is never reached"
        case .postponed(let end, let times):
            return "its handler asked to get it later\(often(times)); it is due at \(moment(end))"
        case .postponedByHook(let end, let times, let note):
            return "the hook before-perform has postponed it\(often(times))"
                + (note.isEmpty ? "" : " (\(note.gist))") + "; it is due at \(moment(end))"
        case .backoff(let end, let attempt, let most, let error):
            return "attempt \(attempt)\(most.map { " of \($0)" } ?? "") failed (\(error.gist)); "
                + "the next one is due at \(moment(end))"
        case .noHandler(let name, let nearest):
            return "this host has no handler named \"\(name)\"\(Spelling.hint(nearest, for: name))"
        case .paused(let queue):
            return
                "queue \(queue.queue) is paused \(queue.until.map { "until \(moment($0))" } ?? "until it is resumed")"
                + (queue.why.map { ": \($0)" } ?? "") + (queue.by.map { " (\($0))" } ?? "")
        case .limitRunning(let use, let users): return limit(use, users)
        case .limitMinute(let use):
            let most = use.limit.perMinute ?? 0
            guard most > 0 else { return "\(subject(use.limit)) has a limit of 0 starts per minute: none begins" }
            return "\(subject(use.limit)) is limited to \(most) \(most == 1 ? "start" : "starts") per minute, and "
                + "\(use.begun) \(use.begun == 1 ? "has" : "have") begun; "
                + "the next minute begins at \(moment(use.minuteEnd))"
        case .lockKey(let key, let first, let life, let between): return lockKey(key, first, life, between)
        case .batch(let batch, let left, let isMore, let oldest, let life):
            guard let oldest else {
                return "waits for batch \"\(batch)\", which has no open task: the next run makes it due"
            }
            return "waits for batch \"\(batch)\", of which \(open(left, isMore)); "
                + (left == 1 && !isMore ? "it is" : "the oldest is") + " \(state(oldest, life))"
        case .expired(let end):
            return "expired at \(moment(end)), before it began: the next run makes it FAILED"
        case .cancelled(let since): return "its cancellation was asked for at \(moment(since)): the next run removes it"
        case .held(let owner, let end, let life, let attempt, let cancel):
            return held(owner, end, life, for: " for attempt \(attempt)")
                + (cancel.map { "; the run was asked to cancel it \($0.relative(to: now))" } ?? "")
        case .stuck(let stuck):
            return "its handler has ended, but the database refuses that end: \(stuck.error.gist). "
                + "It is not performed again"
        case .failed(let end, let lastDue, let attempts, let error):
            let when = end.map { "at \(moment($0))" } ?? lastDue.map { "last due at \(moment($0))" }
            let count = attempts == 1 ? "1 attempt" : "\(attempts) attempts"
            return "given up after \(count)\(when.map { ", \($0)" } ?? "")" + (error.map { ": \($0.gist)" } ?? "")
        }
    }

    /// One sentence about many tasks with reasons of one ``ReasonGroup``, without a full stop.
    func sentence(_ group: ReasonGroup) -> String { words(group).visible() }

    private func words(_ group: ReasonGroup) -> String {
        let first = group.earliest.map { moment($0) }
        switch group.reason {
        case .unclaimed(let since):
            let isDoubtful = since.map { now.timeIntervalSince($0) >= Self.doubt } ?? false
            return "due, not claimed yet by any run; the oldest is \(due(since))"
                + (isDoubtful ? "; is cron running?" : "")
        case .noSlot(let slots, _): return "due, while all handler slots of this host (\(slots)) are in use"
        case .noRun: return words(group.reason)
        case .noSlotAnywhere(let slots, let hosts, _):
            return "due, while all handler slots (\(slots)) of \(list(hosts)) are in use"
        case .elsewhere(let name, let hosts, _):
            return "due, with a handler only on \(list(hosts)): \"\(name)\""
        case .crashed: return "due, but their runs have died: a run begins such a task only while it holds no other"
        case .notDue: return "not due yet" + (first.map { "; the first is at \($0)" } ?? "")
        case .postponed: return "postponed by their handlers" + (first.map { "; the first is due at \($0)" } ?? "")
        case .postponedByHook:
            return "postponed by the hook before-perform" + (first.map { "; the first is due at \($0)" } ?? "")
        case .backoff: return "after a failed attempt" + (first.map { "; the first is due at \($0)" } ?? "")
        case .noHandler(let name, let nearest):
            return "without a handler on this host: \"\(name)\"\(Spelling.hint(nearest, for: name))"
        case .limitRunning(let use, _):
            return "behind the limit of \(subject(use.limit)): \(use.limit.running ?? 0) at once"
        case .limitMinute(let use):
            return "behind the limit of \(subject(use.limit)): \(use.limit.perMinute ?? 0) per minute"
        case .lockKey: return "behind other tasks with the same lock key"
        case .batch(let batch, _, _, _, _): return "behind the open tasks of batch \"\(batch)\""
        case .expired: return "expired before they began: the next run makes them FAILED"
        case .cancelled: return "to be cancelled on request: the next run removes them"
        case .paused, .held, .stuck, .failed: return words(group.reason)
        }
    }

    /// The command that would change it, as it is to be typed, or nil if none would.
    func command(for reason: Reason, of task: TaskFacts) -> String? {
        let words: [String]
        switch reason {
        case .unclaimed(let since):
            guard let since, now.timeIntervalSince(since) >= Self.doubt else { return nil }
            words = ["check"]
        case .noRun: words = ["check"]
        case .noSlotAnywhere, .elsewhere: words = ["runs"]
        case .notDue(.some), .postponed, .postponedByHook, .backoff: words = ["retry", "--now", "\(task.id)"]
        case .noHandler: words = ["handlers"]
        case .paused(let queue): words = ["resume", queue.queue]
        case .limitRunning(let use, _):
            words = ["limit"] + target(use.limit) + ["--running", "\((use.limit.running ?? 0) + 1)"]
        case .limitMinute(let use):
            words = ["limit"] + target(use.limit) + ["--per-minute", "\((use.limit.perMinute ?? 0) + 1)"]
        case .lockKey(_, let first, _, _): words = ["why", "\(first.id)"]
        case .batch(_, _, _, let oldest?, _): words = ["why", "\(oldest.id)"]
        case .held(_, _, .dead, _, _): words = ["retry", "\(task.id)"]
        case .stuck: words = ["check"]
        case .failed: words = ["retry", "\(task.id)"]
        default: return nil
        }
        return typed(words)
    }

    /// The command that would change it for many tasks, or nil if each needs one of its own.
    func command(for group: ReasonGroup) -> String? {
        switch group.reason {
        case .notDue, .postponed, .postponedByHook, .backoff: nil
        default: command(for: group.reason, of: group.example)
        }
    }

    /// A command as it is to be typed.
    func typed(_ words: [String]) -> String {
        ([command] + words.map(CommandWords.quoted)).joined(separator: " ")
    }

    /// `web1, web2 and 3 more`.
    private func list(_ hosts: [String]) -> String {
        let rest = hosts.count - 3
        return hosts.prefix(3).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    private func target(_ limit: TaskLimit) -> [String] {
        switch limit.subject {
        case .queue(let queue): [queue]
        case .name(let name): ["--name", name]
        }
    }

    private func subject(_ limit: TaskLimit) -> String {
        switch limit.subject {
        case .queue(let queue): "queue \(queue)"
        case .name(let name): "task name \(name)"
        }
    }

    private func limit(_ use: TaskFacts.LimitUse, _ users: [HeldTask]) -> String {
        let most = use.limit.running ?? 0
        guard most > 0 else { return "\(subject(use.limit)) has a limit of 0 tasks at once: none begins" }
        return "\(subject(use.limit)) is limited to \(most) \(most == 1 ? "task" : "tasks") at once, and "
            + "\(use.running) \(use.running == 1 ? "runs" : "run")"
            + (users.isEmpty ? "" : ": \(names(users, of: use.running))")
    }

    /// Some of so many tasks and who holds them.
    private func names(_ tasks: [HeldTask], of count: Int) -> String {
        let named = tasks.map { "task \($0.id) (\($0.name), \(RunIdentity.describe(owner: $0.owner)))" }
        let rest = count - tasks.count
        return named.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    private func lockKey(_ key: String, _ first: TaskFacts.Other, _ life: RunLife, _ between: Int) -> String {
        let count = "\(CountText.write(between)) more \(between == 1 ? "task comes" : "tasks come")"
        let more = between > 0 ? "; \(count) before this one" : ""
        return first.holdsKey
            ? "lock key \"\(key)\" is held by \(state(first, life))\(more)"
            : "the first task with lock key \"\(key)\" is \(state(first, life))\(more)"
    }

    private func open(_ left: Int, _ isMore: Bool) -> String {
        if isMore { return "at least \(CountText.write(left)) tasks are left" }
        return left == 1 ? "1 task is left" : "\(CountText.write(left)) tasks are left"
    }

    /// Another task, and what it does.
    private func state(_ task: TaskFacts.Other, _ life: RunLife) -> String {
        let name = "task \(task.id) (\(task.name))"
        switch task.status {
        case .processing:
            // It began after it was due; the row does not say when.
            let span = task.runAt.flatMap { $0 <= now ? DurationText.age(.milliseconds(age($0))) : nil }
            return name + (span.map { ", for at most \($0)" } ?? "") + ": " + held(task.owner, task.leaseEnd, life)
        case .waiting where task.isDue: return "\(name), which is \(due(task.runAt))"
        case .waiting: return "\(name), which waits until \(moment(task.runAt))"
        case .failed: return "\(name), which is FAILED"
        }
    }

    /// Who holds a task until when, and what becomes of that.
    private func held(_ owner: String?, _ end: Date?, _ life: RunLife, for attempt: String = "") -> String {
        let run = RunIdentity.describe(owner: owner)
        let until = end.map { "until \(moment($0))" } ?? "without an end"
        if life == .dead { return "\(run) held it and is dead: the next run on this host takes the task over" }
        if let end, end <= now {
            return "the lease of \(run) ended \(end.relative(to: now)): the next run takes it over"
        }
        if life == .alive { return "\(run), which is alive, holds it\(attempt) \(until) and renews its lease" }
        return "\(run) holds it\(attempt) \(until); this host cannot see whether that run is alive"
    }

    private func due(_ since: Date?) -> String {
        guard let since, since <= now else { return "due" }
        return "due for \(DurationText.age(.milliseconds(age(since))))"
    }

    private func age(_ date: Date) -> Int64 {
        Int64(clamping: Int(max(0, min(now.timeIntervalSince(date), 1e15) * 1000)))
    }

    private func often(_ times: Int) -> String { times == 1 ? "" : ", for the \(ordinal(times)) time in a row" }

    private func ordinal(_ number: Int) -> String {
        let (last, teen) = (number % 10, (11...13).contains(number % 100))
        let end = teen ? "th" : last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th"
        return "\(number)\(end)"
    }

    /// `2030-12-31 23:59:59 CET (in 4 min)`.
    private func moment(_ date: Date?) -> String {
        guard let date else { return "no moment of the calendar" }
        return "\(MomentText.local(date)) (\(date.relative(to: now)))"
    }
}

/// Waiting tasks with the same kind of reason.
struct ReasonGroup {
    /// How many.
    var count = 1
    /// One of them.
    let example: TaskFacts
    /// The reason of the one that has been due longest, or else of the example.
    var reason: Reason
    /// When the first of them is due, or nil if that is not known.
    var earliest: Date?

    /// Groups the first reasons of tasks, the largest group first.
    static func all(_ tasks: [TaskFacts], _ reason: (TaskFacts) -> Reason?) -> [ReasonGroup] {
        var groups: [String: ReasonGroup] = [:]
        for task in tasks {
            guard let reason = reason(task) else { continue }
            let key = reason.groupKey
            guard var group = groups[key] else {
                groups[key] = ReasonGroup(example: task, reason: reason, earliest: reason.end)
                continue
            }
            group.count += 1
            if let end = reason.end { group.earliest = min(group.earliest ?? end, end) }
            if case .unclaimed(let known?) = group.reason, case .unclaimed(let since?) = reason, since < known {
                group.reason = reason
            }
            groups[key] = group
        }
        return groups.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map(\.value)
    }
}

extension Reason {
    /// The same for tasks that are counted together.
    fileprivate var groupKey: String {
        switch self {
        case .noHandler(let name, _), .elsewhere(let name, _, _): "\(code) \(name)"
        case .noSlotAnywhere(_, let hosts, _): "\(code) \(hosts.joined(separator: " "))"
        case .paused(let queue): "\(code) \(queue.queue)"
        case .limitRunning(let use, _), .limitMinute(let use):
            "\(code) \(use.limit.subject.kind) \(use.limit.subject.name)"
        case .batch(let batch, _, _, _, _): "\(code) \(batch)"
        default: code
        }
    }
}
