import Platform
import TaskRun
import Text

/// Rows of `tasks` in the text format of COPY, grouped by the columns that they set.
///
/// A column that a task does not set must be left out of its COPY, to get the table's default. So rows that set the
/// same columns share one COPY. Source: PostgreSQL's manual, COPY, "Text Format".
struct CopyRows {
    var rows: [(columns: [TaskColumn], text: [UInt8])] {
        texts.map { mask, text in
            (TaskColumn.inOrder.enumerated().filter { mask & 1 << $0.offset != 0 }.map(\.element), text)
        }
    }

    /// Each set of columns as one bit for each index in ``TaskColumn/inOrder``.
    private var texts: [Int: [UInt8]] = [:]
    private var line: [UInt8] = []

    /// Writes a row; delays count from `now`, in microseconds since 1970.
    mutating func add(_ task: NewTask, id: Int64, now: Int64) {
        var mask = 0
        line.removeAll(keepingCapacity: true)
        line.append(contentsOf: String(id).utf8)
        for (place, column) in TaskColumn.inOrder.enumerated() {
            let text: String? =
                switch column.value(in: task) {
                case nil: nil
                case .text(let text): text
                case .integer(let number): String(number)
                case .moment(let date): Self.moment(date.timeIntervalSince1970 * 1_000_000)
                case .duration(let delay): Self.moment(Double(now) + delay / .microseconds(1))
                }
            guard let text else { continue }
            Self.field(text, &line)
            mask |= 1 << place
        }
        line.append(UInt8(ascii: "\n"))
        // Changed in place: a copy of all rows for each new one would cost more than the rest.
        texts[mask, default: []].append(contentsOf: line)
    }

    /// Writes a tab and a text.
    ///
    /// A character that ends a field or a row, and the escape sign itself, is escaped.
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

    /// A moment in microseconds since 1970 as PostgreSQL reads it: `2026-01-31 13:45:00.250000+00`.
    ///
    /// A moment beyond its calendar becomes `infinity`, which the table refuses.
    static func moment(_ microseconds: Double) -> String {
        guard abs(microseconds) < 9e18 else { return microseconds < 0 ? "-infinity" : "infinity" }
        let moment = CivilMoment(Int(microseconds.rounded()), parts: 1_000_000)
        guard (1...294_276).contains(moment.year) else { return moment.year < 1 ? "-infinity" : "infinity" }
        return "\(moment.date) \(moment.clock).\(CivilMoment.pad(moment.fraction, 6))+00"
    }
}
