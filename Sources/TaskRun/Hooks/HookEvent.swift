/// The events that hooks receive, in the words of file names: `before-perform`.
public enum HookEvent: String, Sendable, CaseIterable {
    /// A run has begun; nothing is claimed yet.
    case runStart = "run-start"
    /// A task is about to be performed; the answer may be to skip or to postpone it.
    case beforePerform = "before-perform"
    /// A handler has ended, in whatever way; its end is not yet written to the table.
    case afterPerform = "after-perform"
    /// An attempt has failed, the last one included; this is written to the table.
    case onFailure = "on-failure"
    /// A task was given up: it is FAILED in the table.
    case onFailed = "on-failed"
    /// A command has added tasks.
    case afterAdd = "after-add"
    /// The run has performed something, and nothing more is due.
    case queueEmpty = "queue-empty"
    /// The run ends.
    case runEnd = "run-end"
}

/// A hook's answer before a task is performed.
public enum HookAnswer: Sendable, Equatable {
    /// Perform it.
    case go
    /// Do not perform it; it ends as if it were done.
    case skip(note: String? = nil)
    /// Not now: the task is WAITING again, and the attempt does not count.
    ///
    /// Without `after`, the backoff of its name applies.
    case postpone(after: Duration? = nil, note: String? = nil)
}

/// The text in `last_error` that says that a hook, and not the handler, has postponed a task.
enum HookNote {
    private static let start = "postponed by the hook \(HookEvent.beforePerform.rawValue)"

    /// The text with what the hook said, if it said something.
    static func write(_ note: String?) -> String { start + (note.map { ": \($0)" } ?? "") }

    /// What the hook said, empty if it said nothing, or nil if the text is not about a hook.
    static func read(_ text: String?) -> String? {
        guard let text, text.hasPrefix(start) else { return nil }
        let rest = text.dropFirst(start.count)
        return rest.hasPrefix(": ") ? String(rest.dropFirst(2)) : ""
    }
}

/// A task, as hooks receive it.
public struct HookTask: Sendable, Equatable {
    /// The task's `id`.
    public let id: Int64
    /// The task name.
    public let name: String
    /// The queue it is in.
    public let queue: String
    /// Which attempt it is, from 1.
    public let attempt: Int
    /// How many attempts there are.
    public let maxAttempts: Int
    /// The payload: JSON, the very bytes of the column `data`.
    public let data: [UInt8]

    /// Creates one from its parts.
    public init(id: Int64, name: String, queue: String, attempt: Int, maxAttempts: Int, data: [UInt8]) {
        self.id = id
        self.name = name
        self.queue = queue
        self.attempt = attempt
        self.maxAttempts = maxAttempts
        self.data = data
    }

    init(_ task: ClaimedTask, maxAttempts: Int) {
        self.init(
            id: task.id,
            name: task.name,
            queue: task.queue,
            attempt: task.attempt,
            maxAttempts: maxAttempts,
            data: task.data
        )
    }
}

/// The tasks that a command has added, as hooks receive them.
public struct HookAddition: Sendable, Equatable {
    /// How many, at least 1.
    public let count: Int
    /// The `id` of the first one.
    public let firstID: Int64
    /// The `id` of the last one; other programs may have added tasks in between.
    public let lastID: Int64
    /// The task if it was added alone, or nil for lines on stdin.
    public let task: NewTask?

    /// Creates one from its parts.
    public init(count: Int, firstID: Int64, lastID: Int64, task: NewTask? = nil) {
        self.count = count
        self.firstID = firstID
        self.lastID = lastID
        self.task = task
    }
}
