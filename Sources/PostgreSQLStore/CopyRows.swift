import Platform
import TaskRun
import Text

/// Rows of `tasks` in the text format of COPY, sorted by the columns that they set.
///
/// A column that a task does not set is left out of its COPY, for that is how it gets the table's default. So rows that
/// set the same columns share one. Source: PostgreSQL's manual, COPY, "Text Format".
struct CopyRows {
    /// The rows by the columns that they set.
    var rows: [(columns: [TaskColumn], text: [UInt8])] {
        texts.map { mask, text in
            (TaskColumn.inOrder.enumerated().filter { mask & 1 << $0.offset != 0 }.map(\.element), text)
        }
    }

    /// Each set of columns as a bit for each place in ``TaskColumn/inOrder``.
    private var texts: [Int: [UInt8]] = [:]
    private var line: [UInt8] = []

    /// Writes a row.
    ///
    /// - Parameters:
    ///   - task: What was asked for.
    ///   - id: Its number.
    ///   - now: The moment from which delays are counted, in microseconds since 1970.
    mutating func add(_ task: NewTask, id: Int64, now: Int64) {
        var mask = 0
        line.removeAll(keepingCapacity: true)
        for (place, column) in TaskColumn.inOrder.enumerated() {
            let text: String? =
                switch column {
                case .id: String(id)
                case .runAt: Self.moment(task.delay, task.runAt, now: now)
                case .expiresAt: Self.moment(task.expiresAfter, task.expiresAt, now: now)
                case .delay, .lifetime: nil
                default: column.text(task)
                }
            guard let text else { continue }
            if mask == 0 { line.append(contentsOf: text.utf8) } else { Self.field(text, &line) }
            mask |= 1 << place
        }
        line.append(UInt8(ascii: "\n"))
        // Changed in place: a copy of all rows for each new one would cost more than the rest.
        texts[mask, default: []].append(contentsOf: line)
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
