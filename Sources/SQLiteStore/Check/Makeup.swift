import GRDB

/// A foreign key of another table that keeps a row of `tasks` from being deleted.
struct Keeper: Sendable {
    /// For people: `orders.task_id`.
    let text: String

    init(_ row: ResultRow) { text = "\(row.text("table_name")).\(row.text("column_name"))" }
}

/// The columns, checks, indexes, triggers and views of taskrun's tables, by name.
struct Makeup: Sendable {
    /// A column, check, index, trigger or view.
    struct Part: Sendable {
        /// For people: `the column tasks.id`.
        let name: String
        let table: String
        let text: String
        /// Whether it may refuse rows of a program that does not know of it.
        let mayRefuse: Bool
    }

    let parts: [Part]

    init(_ database: Database) throws {
        let columns = try database.rows(Statements.columns)
        let rest = try database.rows(Statements.indexesAndTriggers)
        let checks = try database.rows(Statements.tableTexts).flatMap(\.checks)
        parts = columns + rest + checks
    }

    /// The parts that are missing here or differ from those of other tables.
    func drift(from made: Makeup) -> [String] {
        let own = Dictionary(parts.map { ($0.name, $0) }) { first, _ in first }
        let gone = Set(made.parts.map(\.table)).subtracting(parts.map(\.table)).sorted()
        return gone.map { "the table \($0) is missing" }
            + made.parts.filter { !gone.contains($0.table) }.compactMap { part in
                guard let found = own[part.name] else { return "\(part.name) is missing" }
                return found.text == part.text ? nil : "\(part.name) is different (\(found.text.gistOfSQL))"
            }
    }

    /// The parts that other tables do not have and that may refuse rows.
    func additions(to made: Makeup) -> [String] {
        let known = Set(made.parts.map(\.name))
        let tables = Set(made.parts.map(\.table))
        return parts.filter { tables.contains($0.table) && !known.contains($0.name) && $0.mayRefuse }
            .map { "\($0.name) on \($0.table)" }
    }
}

extension Makeup.Part {
    /// Reads a column.
    init(column row: ResultRow) {
        let (isNeeded, standard) = (row.flag("is_needed"), row.textIfAny("standard"))
        let parts = [row.text("type"), isNeeded ? "NOT NULL" : "", standard ?? "", "\(row.integer("key_place"))"]
        table = row.text("table_name")
        name = "the column \(table).\(row.text("column_name"))"
        text = parts.joined(separator: " ")
        mayRefuse = isNeeded && standard == nil
    }

    /// Reads an index, a trigger or a view.
    init(object row: ResultRow) {
        let type = row.text("type")
        (table, text) = (row.text("table_name"), row.text("sql"))
        name = "the \(type) \(row.text("name"))"
        mayRefuse = type == "trigger" || text.uppercased().hasPrefix("CREATE UNIQUE")
    }
}

/// The statement that created a table.
struct TableText {
    let name, sql: String

    init(_ row: ResultRow) { (name, sql) = (row.text("name"), row.text("sql")) }

    /// The names of its checks: SQLite has no list of them, and a tool may have written their texts in another way.
    var checks: [Makeup.Part] {
        sql.matches(of: #/CONSTRAINT\s+["`\[]?(\w+)/#.ignoresCase()).map { match in
            Makeup.Part(name: "the constraint \(match.1) of \(name)", table: name, text: "", mayRefuse: false)
        }
    }
}

extension String {
    /// The beginning of a statement, in one line of at most 80 characters.
    fileprivate var gistOfSQL: String {
        let line = split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > 80 ? line.prefix(80) + "…" : line
    }
}
