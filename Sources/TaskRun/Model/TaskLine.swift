import Platform
import Text

/// A task as one line of JSON: from stdin, or a follow-up that a handler asks for.
package enum TaskLine {
    /// Why a line cannot be used.
    package struct Fault: Error, Equatable {
        /// What is wrong: `there is no task_name`.
        package let problem: String

        package init(problem: String) { self.problem = problem }
    }

    /// What the lines contain.
    package enum Form: Sendable {
        /// Whole tasks: objects with the columns as keys.
        case task
        /// Payloads, of tasks that are otherwise the same.
        case payload
    }

    /// Reads a line.
    ///
    /// - Parameters:
    ///   - line: Its bytes, without the line end.
    ///   - form: What it contains.
    ///   - common: The values for all lines; for whole tasks, those that a line leaves out.
    /// - Returns: The task, or nil for a line of white space.
    /// - Throws: ``Fault``.
    package static func read(_ line: [UInt8], as form: Form, common: NewTask) throws(Fault) -> NewTask? {
        guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }) else { return nil }
        guard String(validating: line, as: UTF8.self) != nil else { throw Fault(problem: "it is not UTF-8 text") }
        switch form {
        case .payload:
            try parse { () throws(JSONFault) in try JSONScanner.check(line) }
            var task = common
            // The carriage return of a line end on Windows is not part of the payload.
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

    private static func set(_ key: String, _ json: String, of task: inout NewTask) throws(Fault) {
        guard let column = TaskColumn(rawValue: key) else {
            let keys = TaskColumn.allCases.map(\.rawValue)
            let nearest = Spelling.nearest(to: key, among: keys)
            let hint = nearest.map { " (did you mean \"\($0)\"?)" } ?? ", known are: \(keys.joined(separator: ", "))"
            throw Fault(problem: "unknown key \"\(key.prefix(100))\"" + hint)
        }
        // In a payload null is a value; elsewhere it leaves the default.
        if json == "null", column != .data, column != .name { return }
        column.set(try value(of: column, json), in: &task)
    }

    private static func value(of column: TaskColumn, _ json: String) throws(Fault) -> TaskColumn.Value {
        func text() throws(Fault) -> String {
            guard let text = JSONText.read(Array(json.utf8)[...]) else {
                throw Fault(problem: "\(column.rawValue) is not a string in double quotes")
            }
            return text
        }
        switch column.kind {
        case .json: return .text(json)
        case .text: return .text(try text())
        case .integer(let least):
            guard let number = Int(json), number >= least, number <= Int(Int32.max) else {
                throw Fault(problem: "\(column.rawValue) is not a whole number from \(least) to \(Int32.max)")
            }
            return .integer(number)
        case .moment:
            guard let moment = MomentText.parse(try text()) else {
                throw Fault(problem: "\(column.rawValue) is not a moment: expected \(MomentText.expected)")
            }
            return .moment(moment)
        case .duration:
            guard let duration = DurationText.parse(try text()) else {
                throw Fault(problem: "\(column.rawValue) is not a duration: expected \(DurationText.expected)")
            }
            return .duration(duration)
        }
    }
}
