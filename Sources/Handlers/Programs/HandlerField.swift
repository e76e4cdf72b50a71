import Platform
import TaskRun
import Text

/// What a program learns about its task: the one list of an executable's environment and of a stream handler's line.
///
/// The raw value is the key in the line, in which the fields keep this order.
enum HandlerField: String, Sendable, CaseIterable {
    case attempt
    case maxAttempts = "max_attempts"
    case deadline, queue, name
    /// Only if the task belongs to a batch.
    case batch

    /// The environment variable of an executable.
    var variable: String {
        switch self {
        case .attempt: "TASKRUN_ATTEMPT"
        case .maxAttempts: "TASKRUN_MAX_ATTEMPTS"
        case .deadline: "TASKRUN_DEADLINE"
        case .queue: "TASKRUN_QUEUE"
        case .name: "TASKRUN_TASK_NAME"
        case .batch: "TASKRUN_BATCH"
        }
    }

    /// A value of a field.
    enum Value {
        case number(Int)
        case text(String)
        /// In seconds since 1970 in a line, as ISO 8601 in the environment.
        case moment(Date)
    }

    /// The field's value, or nil if the task has none.
    func value(of task: ClaimedTask, in context: TaskContext) -> Value? {
        switch self {
        case .attempt: .number(task.attempt)
        case .maxAttempts: .number(context.maxAttempts)
        case .deadline: .moment(context.deadline)
        case .queue: .text(task.queue)
        case .name: .text(task.name)
        case .batch: task.batch.map { .text($0) }
        }
    }
}

extension HandlerField.Value {
    /// The value as an environment variable has it.
    var plain: String {
        switch self {
        case .number(let number): String(number)
        case .text(let text): text
        case .moment(let moment): moment.formatted(.iso8601)
        }
    }

    /// Appends the value as JSON.
    func append(to line: inout [UInt8]) {
        switch self {
        case .number(let number): line.append(contentsOf: String(number).utf8)
        case .text(let text): JSONText.append(text, to: &line)
        case .moment(let moment): line.append(contentsOf: String(Int(moment.timeIntervalSince1970)).utf8)
        }
    }
}
