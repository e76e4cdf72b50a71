import TaskRun

/// The columns that a new task may set: the one list of INSERT, COPY and the bulk add.
///
/// A column that a task does not set must be left out of its statement, for that is how it gets the table's default.
enum TaskColumn: String, CaseIterable {
    case id, name = "task_name", data, queue, priority, runAt = "run_at", delay, maxAttempts = "max_attempts"
    case timeout = "timeout_seconds", dedupeKey = "dedupe_key", lockKey = "lock_key", expiresAt = "expires_at"
    case lifetime, token, batch, afterBatch = "after_batch"

    /// The column of the table.
    var target: String {
        switch self {
        case .delay: Self.runAt.rawValue
        case .lifetime: Self.expiresAt.rawValue
        default: rawValue
        }
    }

    /// The type of a list of its values.
    var arrayType: String {
        switch self {
        case .name, .data, .queue, .dedupeKey, .lockKey, .token, .batch, .afterBatch: "text[]"
        case .id, .priority, .maxAttempts, .timeout: "bigint[]"
        case .runAt, .delay, .expiresAt, .lifetime: "double precision[]"
        }
    }

    /// The columns that a task sets, in order, but for its number.
    static func all(of task: NewTask) -> [Self] { inOrder.filter { $0.text(task) != nil } }

    /// All, made once.
    static let inOrder = allCases

    /// The value in PostgreSQL's text form; nil where the task does not set it.
    ///
    /// A moment as a time from now wins over one as it is.
    func text(_ task: NewTask) -> String? {
        switch self {
        case .id: nil
        case .name: task.name
        case .data: task.data
        case .queue: task.queue
        case .priority: task.priority.map { String($0) }
        case .runAt: task.delay == nil ? SQLText.moment(task.runAt) : nil
        case .delay: task.delay.map(SQLText.seconds)
        case .maxAttempts: task.maxAttempts.map { String($0) }
        case .timeout: task.timeoutSeconds.map { String($0) }
        case .dedupeKey: task.dedupeKey
        case .lockKey: task.lockKey
        case .expiresAt: task.expiresAfter == nil ? SQLText.moment(task.expiresAt) : nil
        case .lifetime: task.expiresAfter.map(SQLText.seconds)
        case .token: task.token
        case .batch: task.batch
        case .afterBatch: task.afterBatch
        }
    }
}
