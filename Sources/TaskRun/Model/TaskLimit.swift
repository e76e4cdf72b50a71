/// How many tasks of a queue, or of a task name, may run: over all hosts and all runs.
public struct TaskLimit: Sendable, Hashable {
    /// What is limited.
    public enum Subject: Sendable, Hashable {
        /// All tasks in a queue.
        case queue(String)
        /// All tasks of a name.
        case name(String)

        /// The kind of subject: `queue` or `name`.
        public var kind: String {
            switch self {
            case .queue: "queue"
            case .name: "name"
            }
        }

        /// The queue or the task name.
        public var name: String {
            switch self {
            case .queue(let name), .name(let name): name
            }
        }
    }

    /// What is limited.
    public let subject: Subject
    /// The most tasks that are PROCESSING at once, or nil for any number.
    ///
    /// 0: nothing is begun.
    public let running: Int?
    /// The most tasks that begin in a minute, or nil for any number.
    ///
    /// A minute starts with the first task that begins in it.
    public let perMinute: Int?

    /// Creates a limit from its parts.
    public init(_ subject: Subject, running: Int? = nil, perMinute: Int? = nil) {
        self.subject = subject
        self.running = running
        self.perMinute = perMinute
    }

    /// Reads a row of `task_limits`.
    package init(_ row: some StoreRow) {
        self.init(
            row.text("kind") == "queue" ? .queue(row.text("name")) : .name(row.text("name")),
            running: row.limit("max_running", from: 0),
            perMinute: row.limit("max_per_minute", from: 0)
        )
    }
}

/// Tasks that are claimed together because the same limits apply to all of them.
struct ClaimShare: Equatable {
    let names: [String]
    let queues: QueueFilter?
    let limits: [TaskLimit.Subject]
    /// How many parts share what is asked for; this part may have one of them.
    var parts = 1

    /// Divides what a run may claim into parts: first the tasks with limits, because other tasks could keep them
    /// waiting for ever, then the rest.
    ///
    /// - Parameters:
    ///   - names: The task names that can be performed.
    ///   - groups: The queues in the order in which they are to be emptied; if empty, all queues alike.
    ///   - limits: The limits.
    /// - Returns: The parts, in the order in which they are to be claimed.
    static func divide(_ names: [String], _ groups: [QueueFilter], by limits: [TaskLimit]) -> [ClaimShare] {
        let groups: [QueueFilter?] = groups.isEmpty ? [nil] : groups
        let subjects = Set(limits.map(\.subject))
        let (limited, free) = (
            names.filter { subjects.contains(.name($0)) }, names.filter { !subjects.contains(.name($0)) }
        )
        let queues = subjects.compactMap { if case .queue(let queue) = $0 { queue } else { nil } }.sorted()
        return groups.flatMap { group in
            let some = queues.filter { group?.contains($0) ?? true }
            let others = some.isEmpty ? group : (group ?? ["*"]).without(some)
            let ofQueues = some.flatMap { queue in
                limited.map { ClaimShare(names: [$0], queues: [queue], limits: [.queue(queue), .name($0)]) }
                    + [ClaimShare(names: free, queues: [queue], limits: [.queue(queue)])]
            }
            let ofNames = limited.map { ClaimShare(names: [$0], queues: others, limits: [.name($0)]) }
            return (ofQueues + ofNames + [ClaimShare(names: free, queues: others, limits: [])]).filter {
                !$0.names.isEmpty
            }
        }
    }
}

extension QueueFilter {
    /// The same filter without these queues.
    fileprivate func without(_ queues: [String]) -> QueueFilter {
        if let names { return QueueFilter(names.filter { !queues.contains($0) }) }
        return QueueFilter(words, except: except + queues)
    }
}
