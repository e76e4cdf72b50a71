import Platform
import TaskRun
import Text

/// Rows of `tasks` in the text format of COPY, sorted by the columns that they set.
///
/// A column that a task does not set is left out of its COPY, for that is how it gets the table's default. So rows that
/// set the same columns share one. Source: PostgreSQL's manual, COPY, "Text Format".
struct CopyRows {
    /// The columns besides `id`, `task_name` and `data` that a row sets.
    struct Columns: OptionSet, Hashable {
        let rawValue: Int
        static let queue = Columns(rawValue: 1)
        static let priority = Columns(rawValue: 2)
        static let runAt = Columns(rawValue: 4)
        static let maxAttempts = Columns(rawValue: 8)
        static let timeout = Columns(rawValue: 16)
        static let lockKey = Columns(rawValue: 32)
        static let expiresAt = Columns(rawValue: 64)
        static let token = Columns(rawValue: 128)
        static let batch = Columns(rawValue: 256)
        static let afterBatch = Columns(rawValue: 512)

        /// The statement.
        var sql: String {
            let names = [
                (Columns.queue, "queue"), (.priority, "priority"), (.runAt, "run_at"),
                (.maxAttempts, "max_attempts"), (.timeout, "timeout_seconds"),
                (.lockKey, "lock_key"), (.expiresAt, "expires_at"), (.token, "token"),
                (.batch, "batch"), (.afterBatch, "after_batch"),
            ].filter { contains($0.0) }.map(\.1)
            return "COPY tasks (\((["id", "task_name", "data"] + names).joined(separator: ", "))) FROM STDIN"
        }
    }

    /// The rows by the columns that they set.
    private(set) var rows: [Columns: [UInt8]] = [:]

    /// Writes a row.
    ///
    /// - Parameters:
    ///   - task: What was asked for.
    ///   - id: Its number.
    ///   - now: The moment from which delays are counted, in microseconds since 1970.
    mutating func add(_ task: NewTask, id: Int64, now: Int64) {
        var columns: Columns = []
        if task.queue != nil { columns.insert(.queue) }
        if task.priority != nil { columns.insert(.priority) }
        let runAt = Self.moment(task.delay, task.runAt, now: now)
        if runAt != nil { columns.insert(.runAt) }
        if task.maxAttempts != nil { columns.insert(.maxAttempts) }
        if task.timeoutSeconds != nil { columns.insert(.timeout) }
        if task.lockKey != nil { columns.insert(.lockKey) }
        let expiresAt = Self.moment(task.expiresAfter, task.expiresAt, now: now)
        if expiresAt != nil { columns.insert(.expiresAt) }
        if task.token != nil { columns.insert(.token) }
        if task.batch != nil { columns.insert(.batch) }
        if task.afterBatch != nil { columns.insert(.afterBatch) }
        // Changed in place: a copy of all rows for each new one would cost more than the rest.
        Self.write(task, id: id, runAt: runAt, expiresAt: expiresAt, to: &rows[columns, default: []])
    }

    private static func write(_ task: NewTask, id: Int64, runAt: String?, expiresAt: String?, to rows: inout [UInt8]) {
        rows.append(contentsOf: String(id).utf8)
        field(task.name, &rows)
        field(task.data, &rows)
        if let queue = task.queue { field(queue, &rows) }
        if let priority = task.priority { field(String(priority), &rows) }
        if let runAt { field(runAt, &rows) }
        if let attempts = task.maxAttempts { field(String(attempts), &rows) }
        if let seconds = task.timeoutSeconds { field(String(seconds), &rows) }
        if let key = task.lockKey { field(key, &rows) }
        if let expiresAt { field(expiresAt, &rows) }
        if let token = task.token { field(token, &rows) }
        if let batch = task.batch { field(batch, &rows) }
        if let batch = task.afterBatch { field(batch, &rows) }
        rows.append(UInt8(ascii: "\n"))
    }

    /// Writes a tab and a text: what ends a field or a row, and the sign that says so, is written behind that sign.
    static func field(_ text: String, _ rows: inout [UInt8]) {
        rows.append(UInt8(ascii: "\t"))
        var text = text
        text.withUTF8 { bytes in
            guard bytes.contains(where: { $0 == 0x5c || $0 < 0x20 }) else { return rows.append(contentsOf: bytes) }
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "\\"): rows.append(contentsOf: [0x5c, 0x5c])
                case UInt8(ascii: "\t"): rows.append(contentsOf: [0x5c, UInt8(ascii: "t")])
                case UInt8(ascii: "\n"): rows.append(contentsOf: [0x5c, UInt8(ascii: "n")])
                case UInt8(ascii: "\r"): rows.append(contentsOf: [0x5c, UInt8(ascii: "r")])
                default: rows.append(byte)
                }
            }
        }
    }

    /// A moment that a task asks for, as a time from now or as it is; nil: the column's default.
    private static func moment(_ delay: Duration?, _ date: Date?, now: Int64) -> String? {
        if let delay { return moment(Double(now) + delay / .microseconds(1)) }
        return date.map { moment($0.timeIntervalSince1970 * 1_000_000) }
    }

    /// A moment in microseconds since 1970 as PostgreSQL reads it: `2026-01-31 13:45:00.250000+00`.
    ///
    /// What is beyond its calendar becomes `infinity`, which the table does not take.
    static func moment(_ microseconds: Double) -> String {
        guard abs(microseconds) < 9e18 else { return microseconds < 0 ? "-infinity" : "infinity" }
        let moment = CivilMoment(Int(microseconds.rounded()), parts: 1_000_000)
        guard (1...294_276).contains(moment.year) else { return moment.year < 1 ? "-infinity" : "infinity" }
        return "\(moment.date) \(moment.clock).\(CivilMoment.pad(moment.fraction, 6))+00"
    }
}
