import Platform
import TaskRun
import Text

/// A task as a stream handler reads it: one line, its keys always in this order, `data` last.
///
/// `{"task":17,"attempt":1,"max_attempts":20,"deadline":1795273200,"queue":"default","name":"REVERSE","data":{}}`
struct StreamTask: Sendable {
    /// The keys that a program may do without; `task` and `data` are always there.
    enum Key: String, Sendable, CaseIterable {
        case attempt
        case maxAttempts = "max_attempts"
        case deadline, queue, name
        /// Only where the task belongs to one.
        case batch
    }

    let task: ClaimedTask
    let context: TaskContext

    /// The line, with its line feed.
    func line(keys: Set<Key>? = nil) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(160 + task.data.count + task.queue.utf8.count + task.name.utf8.count)
        line.append(contentsOf: "{\"task\":".utf8)
        line.append(contentsOf: String(task.id).utf8)
        for key in Key.allCases where keys?.contains(key) ?? true {
            if key == .batch, task.batch == nil { continue }
            line.append(contentsOf: ",\"".utf8)
            line.append(contentsOf: key.rawValue.utf8)
            line.append(contentsOf: "\":".utf8)
            switch key {
            case .attempt: line.append(contentsOf: String(task.attempt).utf8)
            case .maxAttempts: line.append(contentsOf: String(context.maxAttempts).utf8)
            case .deadline: line.append(contentsOf: String(Int(context.deadline.timeIntervalSince1970)).utf8)
            case .queue: JSONText.append(task.queue, to: &line)
            case .name: JSONText.append(task.name, to: &line)
            case .batch: JSONText.append(task.batch ?? "", to: &line)
            }
        }
        line.append(contentsOf: ",\"data\":".utf8)
        JSONText.append(json: task.data, to: &line)
        line.append(contentsOf: "}\n".utf8)
        return line
    }
}
