import Platform
import Text

/// A task as JSON in one line: of stdin, or of a handler that asks for a task to follow.
package enum TaskLine {
    /// Why a line cannot be used.
    package struct Fault: Error, Equatable {
        /// What is wrong: `there is no task_name`.
        package let problem: String

        package init(problem: String) { self.problem = problem }
    }

    /// What the lines are.
    package enum Form: Sendable {
        /// Whole tasks: objects with the columns as keys.
        case task
        /// Payloads, of tasks that are the same in all else.
        case payload
    }

    private static let keys = [
        "task_name", "data", "queue", "priority", "run_at", "delay", "max_attempts", "timeout_seconds", "dedupe_key",
        "lock_key", "expires_at", "expires", "token", "batch", "after_batch",
    ]

    /// Reads a line.
    ///
    /// - Parameters:
    ///   - line: Its bytes, without the line end.
    ///   - form: What it is.
    ///   - common: What is said of all lines; of whole tasks, what the line leaves out.
    /// - Returns: The task; nil for a line of white space.
    /// - Throws: ``Fault``.
    package static func read(_ line: [UInt8], as form: Form, common: NewTask) throws(Fault) -> NewTask? {
        guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }) else { return nil }
        guard String(validating: line, as: UTF8.self) != nil else { throw Fault(problem: "it is not UTF-8 text") }
        switch form {
        case .payload:
            try parse { () throws(JSONFault) in try JSONScanner.check(line) }
            var task = common
            // What ends a line on Windows is not part of the payload.
            task.data = String(decoding: line.last == 0x0d ? line.dropLast() : line[...], as: UTF8.self)
            return task
        case .task:
            let members = try parse { () throws(JSONFault) in try JSONScanner.members(of: line) }
            var task = common
            for (key, value) in members { try set(key, value, of: &task) }
            guard members.contains(where: { $0.key == "task_name" }) else {
                throw Fault(problem: "there is no task_name")
            }
            return task
        }
    }

    private static func parse<Value>(_ body: () throws(JSONFault) -> Value) throws(Fault) -> Value {
        do {
            return try body()
        } catch {
            throw Fault(problem: "it is not JSON as needed: \(error.problem), at column \(error.column)")
        }
    }

    private static func set(_ key: String, _ value: String, of task: inout NewTask) throws(Fault) {
        func text() throws(Fault) -> String {
            guard let text = JSONText.read(Array(value.utf8)[...]) else {
                throw Fault(problem: "\(key) is no text in double quotes")
            }
            return text
        }
        func number(from least: Int) throws(Fault) -> Int {
            guard let number = Int(value), number >= least, number <= Int(Int32.max) else {
                throw Fault(problem: "\(key) is no whole number from \(least) to \(Int32.max)")
            }
            return number
        }
        func duration() throws(Fault) -> Duration {
            guard let duration = DurationText.parse(try text()) else {
                throw Fault(problem: "\(key) is no duration: expected \(DurationText.expected)")
            }
            return duration
        }
        func moment() throws(Fault) -> Date {
            guard let moment = MomentText.parse(try text()) else {
                throw Fault(problem: "\(key) is no moment: expected \(MomentText.expected)")
            }
            return moment
        }
        if value == "null", key != "data", key != "task_name" { return }
        switch key {
        case "task_name": task.name = try text()
        case "data": task.data = value
        case "queue": task.queue = try text()
        case "priority": task.priority = try number(from: Int(Int32.min))
        case "max_attempts": task.maxAttempts = try number(from: 1)
        case "timeout_seconds": task.timeoutSeconds = try number(from: 1)
        case "dedupe_key": task.dedupeKey = try text()
        case "lock_key": task.lockKey = try text()
        case "delay": task.delay = try duration()
        case "run_at": task.runAt = try moment()
        case "expires": task.expiresAfter = try duration()
        case "expires_at": task.expiresAt = try moment()
        case "token": task.token = try text()
        case "batch": task.batch = try text()
        case "after_batch": task.afterBatch = try text()
        default:
            let nearest = Spelling.nearest(to: key, among: keys)
            let hint = nearest.map { " (did you mean \"\($0)\"?)" } ?? ", known are: \(keys.joined(separator: ", "))"
            throw Fault(problem: "unknown key \"\(key.prefix(100))\"" + hint)
        }
    }
}
