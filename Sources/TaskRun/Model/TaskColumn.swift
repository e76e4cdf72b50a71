package import Platform

/// The columns that a new task may set, in their order: the one list of INSERT, COPY, the bulk add and the keys of
/// `add` lines.
///
/// The raw value is the key of a line. Each is the name of its column, but for `delay` and `expires`, which set a
/// moment as a time from now.
package enum TaskColumn: String, CaseIterable, Sendable {
    case name = "task_name"
    case data
    case queue
    case priority
    case runAt = "run_at"
    case delay
    case maxAttempts = "max_attempts"
    case timeout = "timeout_seconds"
    case dedupeKey = "dedupe_key"
    case lockKey = "lock_key"
    case expiresAt = "expires_at"
    case expiresAfter = "expires"
    case token
    case batch
    case afterBatch = "after_batch"

    /// What the values of a column are.
    package enum Kind: Sendable, Equatable {
        case text, json, moment, duration
        case integer(least: Int)
    }

    /// The value of a column.
    package enum Value: Sendable, Equatable {
        case text(String)
        case integer(Int)
        case moment(Date)
        case duration(Duration)
    }

    /// The column of the table that it sets.
    package var target: TaskColumn {
        switch self {
        case .delay: .runAt
        case .expiresAfter: .expiresAt
        default: self
        }
    }

    /// The columns of the table, each once.
    package static let targets = allCases.filter { $0.target == $0 }

    /// What its values are.
    package var kind: Kind {
        switch self {
        case .name, .queue, .dedupeKey, .lockKey, .token, .batch, .afterBatch: .text
        case .data: .json
        case .priority: .integer(least: Int(Int32.min))
        case .maxAttempts, .timeout: .integer(least: 1)
        case .runAt, .expiresAt: .moment
        case .delay, .expiresAfter: .duration
        }
    }

    /// The value that a task sets, or nil for the default of the table.
    ///
    /// A time from now takes precedence over a moment.
    package func value(in task: NewTask) -> Value? {
        switch self {
        case .name: .text(task.name)
        case .data: .text(task.data)
        case .queue: task.queue.map { .text($0) }
        case .priority: task.priority.map { .integer($0) }
        case .runAt: task.delay == nil ? task.runAt.map { .moment($0) } : nil
        case .delay: task.delay.map { .duration($0) }
        case .maxAttempts: task.maxAttempts.map { .integer($0) }
        case .timeout: task.timeoutSeconds.map { .integer($0) }
        case .dedupeKey: task.dedupeKey.map { .text($0) }
        case .lockKey: task.lockKey.map { .text($0) }
        case .expiresAt: task.expiresAfter == nil ? task.expiresAt.map { .moment($0) } : nil
        case .expiresAfter: task.expiresAfter.map { .duration($0) }
        case .token: task.token.map { .text($0) }
        case .batch: task.batch.map { .text($0) }
        case .afterBatch: task.afterBatch.map { .text($0) }
        }
    }

    /// Sets a value of this column's kind.
    package func set(_ value: Value, in task: inout NewTask) {
        switch (self, value) {
        case (.name, .text(let text)): task.name = text
        case (.data, .text(let text)): task.data = text
        case (.queue, .text(let text)): task.queue = text
        case (.priority, .integer(let number)): task.priority = number
        case (.runAt, .moment(let moment)): task.runAt = moment
        case (.delay, .duration(let duration)): task.delay = duration
        case (.maxAttempts, .integer(let number)): task.maxAttempts = number
        case (.timeout, .integer(let number)): task.timeoutSeconds = number
        case (.dedupeKey, .text(let text)): task.dedupeKey = text
        case (.lockKey, .text(let text)): task.lockKey = text
        case (.expiresAt, .moment(let moment)): task.expiresAt = moment
        case (.expiresAfter, .duration(let duration)): task.expiresAfter = duration
        case (.token, .text(let text)): task.token = text
        case (.batch, .text(let text)): task.batch = text
        case (.afterBatch, .text(let text)): task.afterBatch = text
        default: preconditionFailure("\(rawValue) has no such value")
        }
    }
}
