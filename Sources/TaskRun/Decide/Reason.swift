public import Platform
import Text

/// Why a task is not running now.
public enum Reason: Sendable, Equatable {
    /// It is due, and no run has claimed it yet; it has been due since this moment.
    case unclaimed(since: Date?)
    /// It is due, but all handler slots of this host are in use, by these tasks.
    case noSlot(slots: Int, by: [HeldTask])
    /// It is due, but no run has been there since the last one, at this moment.
    case noRun(since: Date, last: RunRecord)
    /// It is due, but all handler slots of the hosts whose runs can perform it are in use, by these tasks.
    case noSlotAnywhere(slots: Int, hosts: [String], by: [HeldTask])
    /// It is due; only these hosts have a handler of its name.
    case elsewhere(name: String, hosts: [String], since: Date?)
    /// It is due, but its runs have died so often that a run performs it only while it holds no other task.
    case crashed(times: Int)
    /// `run_at` lies in the future; nil is no moment of the calendar.
    case notDue(Date?)
    /// Its handler has asked to get it later, so many times in a row.
    case postponed(until: Date?, times: Int)
    /// A hook has postponed it, so many times in a row; `note` is what the hook said, or empty.
    case postponedByHook(until: Date?, times: Int, note: String)
    /// An attempt has failed, and the next one has to wait.
    case backoff(until: Date?, attempt: Int, most: Int?, error: String)
    /// This host has no handler of its name.
    case noHandler(name: String, nearest: String?)
    /// Its queue is paused.
    case paused(PausedQueue)
    /// As many tasks run at once as a limit allows; some of those that run.
    case limitRunning(TaskFacts.LimitUse, by: [HeldTask])
    /// As many tasks have begun in the current minute as a limit allows.
    case limitMinute(TaskFacts.LimitUse)
    /// Another task with its lock key comes first, and so many more between the two.
    case lockKey(String, first: TaskFacts.Other, life: RunLife, between: Int)
    /// It waits for a batch with so many open tasks, of which this is the oldest; nil if the batch has no open task.
    case batch(String, left: Int, isMore: Bool, oldest: TaskFacts.Other?, life: RunLife)
    /// It did not begin in time, and the next run makes it FAILED.
    case expired(Date?)
    /// SQL asked to cancel it while it waits, and the next run that claims it removes it.
    case cancelled(since: Date)
    /// A run holds it: it is being performed, or is about to be.
    case held(by: String?, until: Date?, life: RunLife, attempt: Int, cancelSince: Date?)
    /// Its handler has ended, but the database refuses that end.
    case stuck(TaskFacts.Stuck)
    /// It was given up.
    case failed(at: Date?, lastDue: Date?, attempts: Int, error: String?)

    /// The word for programs.
    public var code: String {
        switch self {
        case .unclaimed: "unclaimed"
        case .noSlot: "no_slot"
        case .noRun: "no_run"
        case .noSlotAnywhere: "no_slot_anywhere"
        case .elsewhere: "handler_elsewhere"
        case .crashed: "crashed"
        case .notDue: "not_due"
        case .postponed: "postponed"
        case .postponedByHook: "postponed_by_hook"
        case .backoff: "backoff"
        case .noHandler: "no_handler"
        case .paused: "queue_paused"
        case .limitRunning: "limit_running"
        case .limitMinute: "limit_per_minute"
        case .lockKey: "lock_key"
        case .batch: "batch"
        case .expired: "expired"
        case .cancelled: "cancelled"
        case .held: "held"
        case .stuck: "stuck"
        case .failed: "failed"
        }
    }

    /// When it ends by itself, or nil if that depends on something else.
    public var end: Date? {
        switch self {
        case .notDue(let end), .postponed(let end, _), .postponedByHook(let end, _, _), .backoff(let end, _, _, _): end
        case .paused(let queue): queue.until
        case .limitMinute(let use): use.minuteEnd
        case .held(_, let end, _, _, _): end
        default: nil
        }
    }
}

/// What one host knows besides the database: its handlers, its slots, and which runs are alive.
public struct HostView: Sendable {
    /// The task names that it has handlers for, or nil if that is not known.
    public var names: [String]?
    /// How many handlers it runs at once, or nil if that is not known.
    public var slots: Int?
    /// The most attempts of a task name whose row says nothing, or nil if that is not known.
    public var mostAttempts: @Sendable (String) -> Int?
    /// Whether a run is alive.
    public var life: @Sendable (String?) -> RunLife

    /// Creates a view from its parts.
    public init(
        names: [String]? = nil,
        slots: Int? = nil,
        mostAttempts: @escaping @Sendable (String) -> Int? = { _ in nil },
        life: @escaping @Sendable (String?) -> RunLife = { _ in .unknown }
    ) {
        self.names = names
        self.slots = slots
        self.mostAttempts = mostAttempts
        self.life = life
    }
}

/// Decides why tasks are not running, from what the database and one host know.
public struct ReasonDecision: Sendable {
    /// The most tasks that are named as users of a limit or of the slots.
    private static let mostUsers = 3

    private let facts: WaitFacts
    private let host: HostView
    private let names: Set<ByteText>?
    private let onHost: [HeldTask]
    private let overview: RunOverview?

    /// Prepares to decide about the tasks of these facts.
    public init(_ facts: WaitFacts, on host: HostView) {
        self.facts = facts
        self.host = host
        names = host.names.map { Set($0.map { ByteText($0) }) }
        // Runs elsewhere have slots of their own. Each run is looked for once.
        let lives = Dictionary(uniqueKeysWithValues: Set(facts.held.map(\.owner)).map { ($0, host.life($0)) })
        onHost = facts.held.filter { lives[$0.owner] == .alive }
        let holders = Dictionary(grouping: facts.held, by: \.owner).map {
            TableSummary.Holder(owner: $0, tasks: $1.count, firstLeaseEnd: nil)
        }
        overview = facts.runs.map {
            RunOverview($0, holders: holders, isAnythingDue: true) { lives[$0] ?? host.life($0) }
        }
    }

    /// Everything that keeps a task from running now; the first is the one to report.
    ///
    /// First comes what ends the task, then what lasts until a person or another task ends it, then what a clock ends.
    /// What matters only to a task that is due is left out for one that is not.
    ///
    /// - Parameter task: One of the tasks.
    /// - Returns: At least one reason.
    public func reasons(of task: TaskFacts) -> [Reason] {
        switch task.status {
        case .failed:
            return [
                .failed(at: task.failedAt, lastDue: task.runAt, attempts: task.attempts, error: task.lastError)
            ]
        case .processing:
            if let stuck = task.stuck { return [.stuck(stuck)] }
            return [
                .held(
                    by: task.owner,
                    until: task.leaseEnd,
                    life: host.life(task.owner),
                    attempt: task.attempts,
                    cancelSince: task.cancelRequestedAt
                )
            ]
        case .waiting: return waiting(task)
        }
    }

    private func waiting(_ task: TaskFacts) -> [Reason] {
        if task.isExpired { return [.expired(task.expiresAt)] }
        if let since = task.cancelRequestedAt { return [.cancelled(since: since)] }
        let lasting = batch(task) + noHandler(task) + pauses(task)
        guard task.isDue else { return lasting.filter { outlasts($0, task) } + [later(task)] }
        let passing = limits(task) + lockKey(task)
        let all = lasting + passing
        return all.isEmpty ? [due(task)] : all
    }

    /// Whether it still keeps the task waiting when the task is due.
    private func outlasts(_ reason: Reason, _ task: TaskFacts) -> Bool {
        guard let end = reason.end, let runAt = task.runAt else { return true }
        return end > runAt
    }

    private func batch(_ task: TaskFacts) -> [Reason] {
        guard let batch = task.afterBatch else { return [] }
        let life = task.other.map { host.life($0.owner) } ?? .unknown
        let isMore = task.otherCount >= facts.counted
        return [.batch(batch, left: task.otherCount, isMore: isMore, oldest: task.other, life: life)]
    }

    private func noHandler(_ task: TaskFacts) -> [Reason] {
        guard isUnknown(task.name), facts.served.hosts(of: task.name).isEmpty else { return [] }
        return [.noHandler(name: task.name, nearest: Spelling.nearest(to: task.name, among: host.names ?? []))]
    }

    private func isUnknown(_ name: String) -> Bool { names.map { !$0.contains(ByteText(name)) } ?? false }

    private func pauses(_ task: TaskFacts) -> [Reason] { task.pause.map { [.paused($0)] } ?? [] }

    private func limits(_ task: TaskFacts) -> [Reason] {
        task.limits.flatMap { use -> [Reason] in
            var reasons: [Reason] = []
            if let most = use.limit.running, use.running >= most {
                let users = facts.held.filter { held in
                    switch use.limit.subject {
                    case .queue(let queue): ByteText(held.queue) == ByteText(queue)
                    case .name(let name): ByteText(held.name) == ByteText(name)
                    }
                }
                reasons.append(.limitRunning(use, by: Array(users.prefix(Self.mostUsers))))
            }
            if let most = use.limit.perMinute, use.begun >= most { reasons.append(.limitMinute(use)) }
            return reasons
        }
    }

    private func lockKey(_ task: TaskFacts) -> [Reason] {
        guard let key = task.lockKey, let first = task.other, task.afterBatch == nil else { return [] }
        let between = max(0, task.otherCount - (first.holdsKey ? 0 : 1))
        return [.lockKey(key, first: first, life: host.life(first.owner), between: between)]
    }

    private func later(_ task: TaskFacts) -> Reason {
        if task.postponed > 0 {
            guard let note = HookNote.read(task.lastError) else {
                return .postponed(until: task.runAt, times: task.postponed)
            }
            return .postponedByHook(until: task.runAt, times: task.postponed, note: note)
        }
        guard task.attempts > 0, let error = task.lastError else { return .notDue(task.runAt) }
        let most = task.maxAttempts ?? host.mostAttempts(task.name)
        return .backoff(until: task.runAt, attempt: task.attempts, most: most, error: error)
    }

    private func due(_ task: TaskFacts) -> Reason {
        if case .silent(_, let last)? = overview?.absence, let since = last.seenAt {
            return .noRun(since: since, last: last.record)
        }
        if let busy = noSlotAnywhere(task) { return busy }
        if isUnknown(task.name) {
            return .elsewhere(name: task.name, hosts: facts.served.hosts(of: task.name), since: task.runAt)
        }
        if let slots = host.slots, onHost.count >= slots {
            return .noSlot(slots: slots, by: Array(onHost.prefix(Self.mostUsers)))
        }
        if task.crashes >= ClaimRequest.crashesUntilAlone { return .crashed(times: task.crashes) }
        return .unclaimed(since: task.runAt)
    }

    /// Whether the runs that can perform the task use all their slots; runs of this host alone are ``Reason/noSlot``.
    private func noSlotAnywhere(_ task: TaskFacts) -> Reason? {
        guard let overview else { return nil }
        let able = overview.live.filter { $0.record.names.contains { ByteText($0) == ByteText(task.name) } }
        let slots = Dictionary(able.map { ($0.record.host, $0.record.slots) }) { max($0, $1) }
        let hosts = Set(slots.keys)
        // A host's slots are used by all its runs.
        let owners = Set(overview.live.filter { hosts.contains($0.record.host) }.map(\.record.run))
        let running = owners.reduce(0) { $0 + overview.running(of: $1) }
        let all = slots.values.reduce(0, +)
        let users = facts.held.filter { held in held.owner.map(owners.contains) ?? false }
        guard all > 0, running >= all, !users.allSatisfy({ user in onHost.contains(user) }) else { return nil }
        return .noSlotAnywhere(slots: all, hosts: hosts.sorted(), by: Array(users.prefix(Self.mostUsers)))
    }
}
