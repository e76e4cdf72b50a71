import TaskRun
import Text

/// A table of aligned columns.
struct TextTable {
    /// One column.
    struct Column {
        let title: String
        /// Numbers stand on the right.
        let isRight: Bool

        /// Texts, on the left.
        static func text(_ title: String) -> Column { Column(title: title, isRight: false) }
        /// Numbers, on the right.
        static func number(_ title: String) -> Column { Column(title: title, isRight: true) }
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

    private let columns: [Column]
    private var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row with a cell for each column.
    mutating func add(_ cells: [Cell]) { rows.append(cells) }

    /// The lines, the titles first; the last column is cut where the terminal ends.
    func lines(on terminal: Terminal) -> [String] {
        let ink = Ink(isOn: terminal.hasColour)
        let titles = columns.map { Cell($0.title, .faint) }
        let widths = columns.indices.map { index in
            ([titles] + rows).map { $0[index].text.displayWidth }.max() ?? 0
        }
        return ([titles] + rows).map { row in
            var line = ""
            var used = 0
            for (index, cell) in row.enumerated() {
                let isLast = index == row.count - 1
                let room = terminal.width.map { max(8, $0 - used) }
                let text = isLast ? room.map { cell.text.cut(toWidth: $0) } ?? cell.text : cell.text
                let space = String(repeating: " ", count: max(0, widths[index] - text.displayWidth))
                let isRight = columns[index].isRight
                let gap = isLast ? "" : "  "
                line += (isRight ? space : "") + ink(text, cell.colour) + (isRight || isLast ? "" : space) + gap
                used += widths[index] + gap.count
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
