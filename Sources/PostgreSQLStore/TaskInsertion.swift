import Platform
import TaskRun

/// New tasks as INSERT statements of many rows each.
///
/// A column that a task does not set must be left out of its statement, for that is how it gets the table's default. So
/// neighbours that set the same columns share a statement.
struct TaskInsertion {
    private static let mostRows = 1000
    /// Payload bytes a statement; one row may have more.
    private static let mostBytes = 8_000_000

    /// A statement and the tasks that it adds; it returns the numbers of its rows, in order.
    ///
    /// A task with a `dedupe_key` has a statement of its own, which returns nothing where an equal one waits.
    struct Step {
        let request: Request
        let tasks: [NewTask]

        fileprivate init(_ tasks: [NewTask]) { (request, self.tasks) = (TaskInsertion.request(tasks), tasks) }
    }

    /// The steps, in order.
    let steps: [Step]

    /// Sorts tasks into statements.
    init(_ tasks: [NewTask]) {
        var steps: [Step] = []
        var batch: [NewTask] = []
        var bytes = 0
        for task in tasks {
            let isFull = task.dedupeKey != nil || batch.count == Self.mostRows || bytes > Self.mostBytes
            if let last = batch.last, isFull || Self.columns(last) != Self.columns(task) {
                steps.append(Step(batch))
                (batch, bytes) = ([], 0)
            }
            batch.append(task)
            bytes += task.data.utf8.count
        }
        if !batch.isEmpty { steps.append(Step(batch)) }
        self.steps = steps
    }

    /// A column that a statement may set.
    private enum Column: String {
        case id, name = "task_name", data, queue, priority, runAt = "run_at", delay, maxAttempts = "max_attempts"
        case timeout = "timeout_seconds", dedupeKey = "dedupe_key", lockKey = "lock_key", expiresAt = "expires_at"
        case lifetime, token, batch, afterBatch = "after_batch"

        /// The column of the table.
        var target: String {
            switch self {
            case .delay: Column.runAt.rawValue
            case .lifetime: Column.expiresAt.rawValue
            default: rawValue
            }
        }

        var arrayType: String {
            switch self {
            case .name, .data, .queue, .dedupeKey, .lockKey, .token, .batch, .afterBatch: "text[]"
            case .id, .priority, .maxAttempts, .timeout: "bigint[]"
            case .runAt, .delay, .expiresAt, .lifetime: "double precision[]"
            }
        }

        /// How the array's element becomes the column's value.
        var expression: String {
            switch self {
            case .data: "new.data::json"
            case .runAt: "to_timestamp(new.run_at)"
            case .delay: "statement_timestamp() + make_interval(secs => new.delay)"
            case .expiresAt: "to_timestamp(new.expires_at)"
            case .lifetime: "statement_timestamp() + make_interval(secs => new.lifetime)"
            case .id, .name, .queue, .priority, .maxAttempts, .timeout, .dedupeKey, .lockKey, .token, .batch,
                .afterBatch:
                "new.\(rawValue)"
            }
        }

        func text(_ task: NewTask) -> String? {
            switch self {
            case .id: nil
            case .name: task.name
            case .data: task.data
            case .queue: task.queue
            case .priority: task.priority.map { String($0) }
            case .runAt: SQLText.moment(task.runAt)
            case .delay: task.delay.map(SQLText.seconds)
            case .maxAttempts: task.maxAttempts.map { String($0) }
            case .timeout: task.timeoutSeconds.map { String($0) }
            case .dedupeKey: task.dedupeKey
            case .lockKey: task.lockKey
            case .expiresAt: SQLText.moment(task.expiresAt)
            case .lifetime: task.expiresAfter.map(SQLText.seconds)
            case .token: task.token
            case .batch: task.batch
            case .afterBatch: task.afterBatch
            }
        }
    }

    private static func columns(_ task: NewTask) -> [Column] {
        var columns: [Column] = [.name, .data]
        if task.queue != nil { columns.append(.queue) }
        if task.priority != nil { columns.append(.priority) }
        if task.delay != nil { columns.append(.delay) } else if task.runAt != nil { columns.append(.runAt) }
        if task.maxAttempts != nil { columns.append(.maxAttempts) }
        if task.timeoutSeconds != nil { columns.append(.timeout) }
        if task.dedupeKey != nil { columns.append(.dedupeKey) }
        if task.lockKey != nil { columns.append(.lockKey) }
        if task.expiresAfter != nil {
            columns.append(.lifetime)
        } else if task.expiresAt != nil {
            columns.append(.expiresAt)
        }
        if task.token != nil { columns.append(.token) }
        if task.batch != nil { columns.append(.batch) }
        if task.afterBatch != nil { columns.append(.afterBatch) }
        return columns
    }

    /// Adds tasks that were given numbers, as many at once as set the same columns.
    ///
    /// Of those with a `dedupe_key` whose equal waits, the statement does not return the number.
    static func numbered(_ tasks: [(id: Int64, task: NewTask)]) -> [Request] {
        Dictionary(grouping: tasks) { columns($0.task) }.values.flatMap { group in
            stride(from: 0, to: group.count, by: mostRows).map { start in
                let part = group[start..<min(start + mostRows, group.count)]
                return request(part.map(\.task), ids: part.map(\.id))
            }
        }
    }

    fileprivate static func request(_ tasks: [NewTask], ids: [Int64]? = nil) -> Request {
        let columns = (ids == nil ? [] : [.id]) + (tasks.first.map(Self.columns) ?? [])
        let isKeyed = columns.contains(.dedupeKey)
        let conflict =
            "ON CONFLICT (task_name, dedupe_key) WHERE status = 'WAITING' AND dedupe_key IS NOT NULL DO NOTHING"
        let arrays = columns.enumerated().map { number, column in "$\(number + 1)::\(column.arrayType)" }
        let sql = """
            INSERT INTO tasks (\(columns.map(\.target).joined(separator: ", ")))
            SELECT \(columns.map(\.expression).joined(separator: ", "))
            FROM unnest(\(arrays.joined(separator: ", ")))
                WITH ORDINALITY AS new (\(columns.map(\.rawValue).joined(separator: ", ")), no)
            ORDER BY no
            \(isKeyed ? conflict : "")
            RETURNING id
            """
        return Request(
            Statement(once: sql),
            columns.map { column in
                if let ids, column == .id { return SQLText.array(ids) }
                return SQLText.array(tasks.map(column.text))
            }
        )
    }
}
