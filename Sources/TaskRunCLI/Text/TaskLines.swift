import SystemPackage
import TaskRun

/// Tasks as JSON lines on stdin.
///
/// A line that cannot be used is named by its number.
enum TaskLines {
    private static let keys = [
        "task_name", "data", "queue", "priority", "run_at", "delay", "max_attempts", "timeout_seconds",
    ]

    /// One task a line; `common` says what a line leaves out.
    static func tasks(in text: String, common: NewTask) throws(ProgramError) -> [NewTask] {
        try each(in: text) { line throws(ProgramError) in
            var task = common
            let members: [(key: String, value: String)]
            do throws(JSONFault) {
                members = try JSONScanner.members(of: line.text)
            } catch {
                throw line.refuse(error)
            }
            for (key, value) in members { try set(key, value, of: &task, line) }
            guard members.contains(where: { $0.key == "task_name" }) else {
                throw line.refuse("there is no task_name")
            }
            return task
        }
    }

    /// One payload a line, for tasks that are the same in all else.
    static func payloads(in text: String, common: NewTask) throws(ProgramError) -> [NewTask] {
        try each(in: text) { line throws(ProgramError) in
            do throws(JSONFault) {
                try JSONScanner.check(line.text)
            } catch {
                throw line.refuse(error)
            }
            var task = common
            task.data = line.text
            return task
        }
    }

    private struct Line {
        let number: Int
        let text: String

        func refuse(_ problem: String) -> ProgramError {
            ProgramError(.badData, "line \(number) of stdin cannot be used: \(problem)", advice: "Nothing was added.")
        }

        func refuse(_ fault: JSONFault) -> ProgramError {
            refuse("it is not JSON as needed: \(fault.problem), at column \(fault.column)")
        }
    }

    private static func each(
        in text: String,
        _ read: (Line) throws(ProgramError) -> NewTask
    ) throws(ProgramError) -> [NewTask] {
        var tasks: [NewTask] = []
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, text) in lines.enumerated() where !text.allSatisfy(\.isWhitespace) {
            tasks.append(try read(Line(number: index + 1, text: String(text))))
        }
        return tasks
    }

    private static func set(_ key: String, _ value: String, of task: inout NewTask, _ line: Line) throws(ProgramError) {
        func text() throws(ProgramError) -> String {
            guard value.hasPrefix("\"") else { throw line.refuse("\(key) is no text in double quotes") }
            return JSONScanner.unquote(value)
        }
        func number(from least: Int) throws(ProgramError) -> Int {
            guard let number = Int(value), number >= least, number <= Int(Int32.max) else {
                throw line.refuse("\(key) is no whole number from \(least) to \(Int32.max)")
            }
            return number
        }
        if value == "null", key != "data", key != "task_name" { return }
        switch key {
        case "task_name": task.name = try text()
        case "data": task.data = value
        case "queue": task.queue = try text()
        case "priority": task.priority = try number(from: Int(Int32.min))
        case "max_attempts": task.maxAttempts = try number(from: 1)
        case "timeout_seconds": task.timeoutSeconds = try number(from: 1)
        case "delay":
            guard let delay = DurationText.parse(try text()) else {
                throw line.refuse("delay is no duration: expected \(DurationText.expected)")
            }
            task.delay = delay
        case "run_at":
            guard let moment = MomentText.parse(try text()) else {
                throw line.refuse("run_at is no moment: expected \(MomentText.expected)")
            }
            task.runAt = moment
        default:
            let nearest = Spelling.nearest(to: key, among: keys)
            let hint = nearest.map { " (did you mean \"\($0)\"?)" } ?? ", known are: \(keys.joined(separator: ", "))"
            throw line.refuse("unknown key \"\(key)\"" + hint)
        }
    }
}

/// stdin, read to its end.
enum StandardInput {
    /// The whole text.
    ///
    /// - Throws: ``ProgramError`` with ``ExitStatus/badData`` for bytes that are no UTF-8.
    static func text() throws -> String {
        var bytes: [UInt8] = []
        while true {
            let chunk = try [UInt8](unsafeUninitializedCapacity: 1 << 16) {
                $1 = try FileDescriptor.standardInput.read(into: UnsafeMutableRawBufferPointer($0))
            }
            if chunk.isEmpty { break }
            bytes += chunk
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ProgramError(.badData, "stdin is not UTF-8 text", advice: "Nothing was added.")
        }
        return text
    }
}
