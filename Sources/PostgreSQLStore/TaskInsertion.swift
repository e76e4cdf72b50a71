import TaskRun

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// New tasks as INSERT statements of many rows each.
///
/// A column that a task does not set must be left out of its statement, for that is how it gets the table's default. So
/// neighbours that set the same columns share a statement.
struct TaskInsertion {
    private static let mostRows = 1000
    /// Payload bytes a statement; one row may have more.
    private static let mostBytes = 8_000_000

    /// The statements, in order; each returns the numbers of its rows, in order.
    let requests: [Request]

    /// Sorts tasks into statements.
    init(_ tasks: [NewTask]) {
        var requests: [Request] = []
        var batch: [NewTask] = []
        var bytes = 0
        for task in tasks {
            let isFull = batch.count == Self.mostRows || bytes > Self.mostBytes
            if let last = batch.last, isFull || Self.columns(last) != Self.columns(task) {
                requests.append(Self.request(batch))
                (batch, bytes) = ([], 0)
            }
            batch.append(task)
            bytes += task.data.utf8.count
        }
        if !batch.isEmpty { requests.append(Self.request(batch)) }
        self.requests = requests
    }

    /// A column that a statement may set.
    private enum Column: String {
        case name = "task_name", data, queue, priority, runAt = "run_at", delay, maxAttempts = "max_attempts"
        case timeout = "timeout_seconds", token

        /// The column of the table.
        var target: String { self == .delay ? Column.runAt.rawValue : rawValue }

        var arrayType: String {
            switch self {
            case .name, .data, .queue, .token: "text[]"
            case .priority, .maxAttempts, .timeout: "bigint[]"
            case .runAt, .delay: "double precision[]"
            }
        }

        /// How the array's element becomes the column's value.
        var expression: String {
            switch self {
            case .data: "new.data::json"
            case .runAt: "to_timestamp(new.run_at)"
            case .delay: "now() + make_interval(secs => new.delay)"
            case .name, .queue, .priority, .maxAttempts, .timeout, .token: "new.\(rawValue)"
            }
        }

        func text(_ task: NewTask) -> String? {
            switch self {
            case .name: task.name
            case .data: task.data
            case .queue: task.queue
            case .priority: task.priority.map { String($0) }
            case .runAt: SQLText.moment(task.runAt)
            case .delay: task.delay.map(SQLText.seconds)
            case .maxAttempts: task.maxAttempts.map { String($0) }
            case .timeout: task.timeoutSeconds.map { String($0) }
            case .token: task.token
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
        if task.token != nil { columns.append(.token) }
        return columns
    }

    private static func request(_ tasks: [NewTask]) -> Request {
        let columns = tasks.first.map(Self.columns) ?? []
        let arrays = columns.enumerated().map { number, column in "$\(number + 1)::\(column.arrayType)" }
        let sql = """
            INSERT INTO tasks (\(columns.map(\.target).joined(separator: ", ")))
            SELECT \(columns.map(\.expression).joined(separator: ", "))
            FROM unnest(\(arrays.joined(separator: ", ")))
                WITH ORDINALITY AS new (\(columns.map(\.rawValue).joined(separator: ", ")), no)
            ORDER BY no
            RETURNING id
            """
        return Request(Statement(once: sql), columns.map { column in SQLText.array(tasks.map(column.text)) })
    }
}
