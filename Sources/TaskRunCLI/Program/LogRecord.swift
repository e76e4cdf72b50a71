import Logging
import Platform
import Text

/// The form of what is written on stderr.
enum LogFormat: String, Sendable, CaseIterable {
    /// Lines for people.
    case text
    /// One JSON object a line.
    case json
}

/// A line of the log, for programs.
struct LogRecord {
    /// Keys that a record has itself.
    private static let own = ["time", "level", "message", "run"]
    /// The keys of what a run says about a task, as the other commands have them.
    private static let names = ["task.id": "task", "task.name": "task_name"]

    let time: Date
    let level: Logger.Level
    let message: String
    /// What the line is about: its task, the attempt, and what handlers add.
    var metadata: Logger.Metadata = [:]

    /// The object: `time`, `level`, `message`, `run`, and if it is about a task `task`, `task_name`, `attempt`.
    ///
    /// - Parameter run: Who writes it, as in `lease_owner`.
    /// - Returns: The object.
    func json(run: String) -> JSONValue {
        let more = metadata.sorted { $0.key < $1.key }.map { key, value in
            let name = Self.names[key] ?? (Self.own.contains(key) ? "data.\(key)" : key)
            let isNumber = ["task", "attempt"].contains(name)
            let number = isNumber ? Int64("\(value)").map { JSONValue.number($0) } : nil
            return (key: name, value: number ?? JSONValue.text("\(value)"))
        }
        return .object(
            [
                ("time", .text(MomentText.iso(time))), ("level", .text("\(level)")), ("message", .text(message)),
                ("run", .text(run)),
            ] + more
        )
    }
}

/// Log lines on stderr, as JSON objects.
struct JSONLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let screen: Screen

    init(screen: Screen, level: Logger.Level) {
        self.screen = screen
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let message = BoundedText.fit("\(event.message)", bytes: 16 * 1024)
        screen.write(LogRecord(time: Date(), level: event.level, message: message, metadata: all))
    }
}
