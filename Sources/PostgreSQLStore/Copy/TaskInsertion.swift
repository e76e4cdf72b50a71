import Platform
import TaskRun

/// New tasks as INSERT statements of many rows each.
///
/// A column that a task does not set must be left out of its statement, to get the table's default. So neighbours that
/// set the same columns share a statement.
struct TaskInsertion {
    private static let mostRows = 1000
    /// The payload bytes of one statement; one row may have more.
    private static let mostBytes = 8_000_000

    /// A statement and the tasks that it adds; it returns the numbers of its rows, in order.
    ///
    /// A task with a `dedupe_key` has a statement of its own, which returns nothing if an equal task waits.
    struct Step {
        let request: Request
        let tasks: [NewTask]

        fileprivate init(_ tasks: [NewTask]) { (request, self.tasks) = (TaskInsertion.request(tasks), tasks) }
    }

    let steps: [Step]

    /// Groups tasks into statements.
    init(_ tasks: [NewTask]) {
        var steps: [Step] = []
        var batch: [NewTask] = []
        var bytes = 0
        for task in tasks {
            let isFull = task.dedupeKey != nil || batch.count == Self.mostRows || bytes > Self.mostBytes
            if let last = batch.last, isFull || TaskColumn.all(of: last) != TaskColumn.all(of: task) {
                steps.append(Step(batch))
                (batch, bytes) = ([], 0)
            }
            batch.append(task)
            bytes += task.data.utf8.count
        }
        if !batch.isEmpty { steps.append(Step(batch)) }
        self.steps = steps
    }

    /// Adds tasks that have numbers, as many at once as set the same columns.
    ///
    /// The statement does not return the number of a task with a `dedupe_key` that has an equal task waiting.
    static func numbered(_ tasks: [(id: Int64, task: NewTask)]) -> [Request] {
        Dictionary(grouping: tasks) { TaskColumn.all(of: $0.task) }.values.flatMap { group in
            stride(from: 0, to: group.count, by: mostRows).map { start in
                let part = group[start..<min(start + mostRows, group.count)]
                return request(part.map(\.task), ids: part.map(\.id))
            }
        }
    }

    fileprivate static func request(_ tasks: [NewTask], ids: [Int64]? = nil) -> Request {
        let columns = tasks.first.map(TaskColumn.all(of:)) ?? []
        return Request(
            Statement(once: BuiltSQL.insert(columns, hasNumbers: ids != nil)),
            (ids.map { [SQLText.array($0)] } ?? []) + columns.map { SQLText.array(tasks.map($0.text)) }
        )
    }
}
