import Platform
import TaskRun
import Text

/// A task as a stream handler reads it: one line, with its keys always in this order, and `data` last.
///
/// `{"task":17,"attempt":1,"max_attempts":20,"deadline":1795273200,"queue":"default","name":"REVERSE","data":{}}`
struct StreamTask: Sendable {
    let task: ClaimedTask
    let context: TaskContext

    /// The line, with its line feed.
    ///
    /// A program may leave out the fields; `task` and `data` are always there.
    func line(keys: Set<HandlerField>? = nil) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(160 + task.data.count + task.queue.utf8.count + task.name.utf8.count)
        line.append(contentsOf: "{\"task\":".utf8)
        line.append(contentsOf: String(task.id).utf8)
        for key in HandlerField.allCases where keys?.contains(key) ?? true {
            guard let value = key.value(of: task, in: context) else { continue }
            line.append(contentsOf: ",\"".utf8)
            line.append(contentsOf: key.rawValue.utf8)
            line.append(contentsOf: "\":".utf8)
            value.append(to: &line)
        }
        line.append(contentsOf: ",\"data\":".utf8)
        JSONText.append(json: task.data, to: &line)
        line.append(contentsOf: "}\n".utf8)
        return line
    }
}
