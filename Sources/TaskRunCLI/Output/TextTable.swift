import TaskRun
import Text

/// A table of aligned columns.
///
/// Without a terminal it has all columns and whole texts. On a terminal no line is wider than the terminal: columns that
/// say nothing are left out, names are shortened in their middle, other texts at their end, and sentences wrap. Where
/// the columns do not fit even so, each row is a list of its cells.
struct TextTable {
    /// One column.
    struct Column {
        /// What becomes of a text that is too wide.
        fileprivate enum Narrowing {
            /// It stays whole.
            case none
            /// It loses its middle.
            case middle
            /// It loses its end.
            case end
            /// It wraps at words.
            case wrap
        }

        let title: String
        /// Numbers stand on the right.
        let isRight: Bool
        fileprivate let narrowing: Narrowing
        /// The text that says nothing: a column in which all cells are this or empty is left out on a terminal.
        fileprivate let usual: String?

        /// Short texts, such as states and moments.
        static func text(_ title: String, usual: String? = nil) -> Column {
            Column(title: title, isRight: false, narrowing: .none, usual: usual)
        }

        /// Numbers, on the right.
        static func number(_ title: String, usual: String? = nil) -> Column {
            Column(title: title, isRight: true, narrowing: .none, usual: usual)
        }

        /// Names of tasks, queues and hosts.
        static func name(_ title: String, usual: String? = nil) -> Column {
            Column(title: title, isRight: false, narrowing: .middle, usual: usual)
        }

        /// Texts of which the beginning matters, such as errors and command lines.
        static func gist(_ title: String, usual: String? = nil) -> Column {
            Column(title: title, isRight: false, narrowing: .end, usual: usual)
        }

        /// Sentences, which stay whole.
        static func sentence(_ title: String, usual: String? = nil) -> Column {
            Column(title: title, isRight: false, narrowing: .wrap, usual: usual)
        }
    }

    /// One cell.
    struct Cell: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
        /// The longest text, in bytes.
        static let limit = 1_024
        let text: String
        let colour: Ink.Colour?

        init(_ text: String, _ colour: Ink.Colour? = nil) {
            self.text = BoundedText.fit(text, bytes: Self.limit).visible()
            self.colour = colour
        }

        init(stringLiteral value: String) { self.init(value) }
    }

    /// What stands between two columns.
    private static let gap = "  "

    private let columns: [Column]
    private var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// How many rows it has.
    var count: Int { rows.count }

    /// Adds a row with a cell for each column.
    mutating func add(_ cells: [Cell]) { rows.append(cells) }

    /// The lines, the titles first.
    func lines(on terminal: Terminal) -> [String] {
        let ink = Ink(isOn: terminal.hasColour)
        guard let width = terminal.width else { return lines(widths(of: rows), ink) }
        let table = withoutUsual
        guard let widths = table.widths(within: width) else { return table.records(within: width, ink) }
        return table.lines(widths, ink)
    }

    /// One line for each row, the titles first, none wider than so many columns; for a table without sentences.
    ///
    /// Where the columns do not fit, the lines are cut, and have no colours.
    func rows(within width: Int, hasColour: Bool) -> [String] {
        let table = withoutUsual
        if let widths = table.widths(within: width) { return table.lines(widths, Ink(isOn: hasColour)) }
        return table.lines(table.widths(of: table.rows), Ink(isOn: false)).map { $0.cut(toWidth: width) }
    }

    /// The same table without the columns that say nothing.
    private var withoutUsual: TextTable {
        let kept = columns.indices.filter { index in
            guard let usual = columns[index].usual else { return true }
            return rows.contains { $0[index].text != usual && !$0[index].text.isEmpty }
        }
        var table = TextTable(kept.map { columns[$0] })
        for row in rows { table.add(kept.map { row[$0] }) }
        return table
    }

    private var titles: [Cell] { columns.map { Cell($0.title, .faint) } }

    private func widths(of rows: [[Cell]]) -> [Int] {
        columns.indices.map { index in ([titles] + rows).map { $0[index].text.displayWidth }.max() ?? 0 }
    }

    /// The widths with which a line fits, or nil if none are.
    ///
    /// Sentences give way first, then names; the widest of them before the others.
    private func widths(within width: Int) -> [Int]? {
        var widths = widths(of: rows)
        var excess = widths.reduce(0, +) + Self.gap.count * (columns.count - 1) - width
        for (name, other) in [(40, 28), (24, 20), (16, 14), (10, 10)] {
            while excess > 0 {
                let wide = columns.indices.filter { index in
                    switch columns[index].narrowing {
                    case .none: false
                    case .middle: widths[index] > max(name, columns[index].title.count)
                    case .end, .wrap: widths[index] > max(other, columns[index].title.count)
                    }
                }
                guard let widest = wide.max(by: { widths[$0] < widths[$1] }) else { break }
                widths[widest] -= 1
                excess -= 1
            }
        }
        return excess > 0 ? nil : widths
    }

    private func lines(_ widths: [Int], _ ink: Ink) -> [String] {
        ([titles] + rows).flatMap { row in
            let parts = row.indices.map { part(row[$0].text, of: columns[$0], within: widths[$0]) }
            return (0..<(parts.map(\.count).max() ?? 0)).map { line in
                var text = ""
                for (index, cell) in row.enumerated() {
                    let shown = line < parts[index].count ? parts[index][line] : ""
                    let space = String(repeating: " ", count: max(0, widths[index] - shown.displayWidth))
                    let isLast = index == row.count - 1
                    let isRight = columns[index].isRight
                    text += (isRight ? space : "") + ink(shown, cell.colour) + (isRight || isLast ? "" : space)
                    text += isLast ? "" : Self.gap
                }
                while text.last == " " { text.removeLast() }
                return text
            }
        }
    }

    /// The lines of one cell.
    private func part(_ text: String, of column: Column, within width: Int) -> [String] {
        switch column.narrowing {
        case .none: [text]
        case .middle: [text.cutInTheMiddle(toWidth: width)]
        case .end: [text.cut(toWidth: width)]
        case .wrap: text.wrapped(toWidth: width, breakingWords: true)
        }
    }

    /// Each row as a list of its cells, for terminals on which the columns do not fit.
    private func records(within width: Int, _ ink: Ink) -> [String] {
        rows.enumerated().flatMap { number, row in
            (number == 0 ? [] : [""])
                + zip(columns, row).filter { !$1.text.isEmpty }.flatMap { column, cell in
                    let title = column.title.isEmpty ? "" : column.title + ": "
                    let wrapped = (title + cell.text).wrapped(toWidth: width, hanging: 2, breakingWords: true)
                    return wrapped.map { ink($0, cell.colour) }
                }
        }
    }
}
