import GRDB
import TaskRun

/// A foreign key of another table to tasks.
struct Keeper: Sendable {
    /// For people: `orders.task_id`.
    let text: String
    /// Whether it keeps a row from being deleted, because it says so or would set a column to null that must not be.
    let isKeeping: Bool
    /// The statement that makes an index for it, or nil if there is one.
    let index: String?

    init(_ row: ResultRow) {
        let (table, column) = (row.text("table_name"), row.text("column_name"))
        text = "\(table).\(column)"
        isKeeping = row.flag("is_keeping")
        index = row.flag("is_slow") ? BuiltSQL.index(on: table, column) : nil
    }
}

/// The columns, checks, indexes, triggers and views of taskrun's tables, by name.
struct Makeup: Sendable {
    /// A column, check, index, trigger or view.
    struct Part: Sendable {
        enum Kind: String { case column, constraint, index, trigger, view }

        let kind: Kind
        /// For people: `the column tasks.id`.
        let name: String
        let table: String
        /// The name alone.
        let object: String
        let text: String
        /// Whether it may refuse rows of a program that does not know of it.
        let mayRefuse: Bool
    }

    let parts: [Part]
    let tables: [TableText]

    init(_ database: Database) throws {
        let columns = try database.rows(Statements.columns)
        let rest = try database.rows(Statements.indexesAndTriggers)
        tables = try database.rows(Statements.tableTexts)
        parts = columns + rest + tables.flatMap(\.checks)
    }

    /// How these tables differ from others, for people, and the statements that mend it.
    ///
    /// - Parameter made: The tables as taskrun makes them.
    /// - Returns: The parts that are missing here or other, and the statements.
    func drift(from made: Makeup) -> (found: [String], sql: [String]) {
        let own = Dictionary(parts.map { ($0.name, $0) }) { first, _ in first }
        let gone = Set(made.parts.map(\.table)).subtracting(parts.map(\.table)).sorted()
        var (found, sql) = (gone.map { "the table \($0) is missing" }, [String]())
        for table in made.tables where gone.contains(table.name) {
            sql.append(table.sql)
            sql += made.parts.filter { $0.table == table.name && $0.isStatement }.map(\.text)
        }
        let wrong = made.parts.filter { part in
            !gone.contains(part.table) && own[part.name].map { $0.text != part.text } ?? true
        }
        found += wrong.map { part in
            own[part.name].map { "\(part.name) is different (\($0.text.gistOfSQL))" } ?? "\(part.name) is missing"
        }
        var rebuilds = false
        for table in made.tables where wrong.contains(where: { $0.table == table.name && !$0.isStatement }) {
            let missing = wrong.filter { $0.table == table.name && !$0.isStatement }
            if let added = additions(of: missing, to: table, own) {
                sql += added
            } else {
                sql += rebuild(table, made)
                rebuilds = true
            }
        }
        // What a rebuilt table had is made again with it.
        let rebuilt = Set(
            made.tables.map(\.name).filter { name in sql.contains { $0.hasSuffix(" RENAME TO \(name)_before") } }
        )
        for part in wrong where part.isStatement && (part.kind == .view || !rebuilt.contains(part.table)) {
            if own[part.name] != nil { sql.append(BuiltSQL.drop(part.kind.rawValue, part.object)) }
            sql.append(part.text)
        }
        return (found, sql.isEmpty ? [] : BuiltSQL.script(sql, rebuilds: rebuilds))
    }

    /// The statements that add columns, or nil if the table must be made anew.
    private func additions(of missing: [Part], to table: TableText, _ own: [String: Part]) -> [String]? {
        guard let made = table.body?.definitions else { return nil }
        let columns = missing.filter { $0.kind == .column }
        let definitions = made.filter { definition in columns.contains { $0.object == definition.column } }
        // Checks of these columns come with them.
        let checks = missing.filter { $0.kind == .constraint }
        let isAll = checks.allSatisfy { check in definitions.contains { $0.text.contains(check.object) } }
        let isPossible = definitions.allSatisfy { definition in
            let text = definition.text.uppercased()
            return !text.contains("PRIMARY KEY") && !text.contains("UNIQUE") && !text.contains("DEFAULT (")
                && (!text.contains("NOT NULL") || text.contains("DEFAULT"))
        }
        guard isAll, isPossible, definitions.count == columns.count, columns.allSatisfy({ own[$0.name] == nil }) else {
            return nil
        }
        return definitions.map { BuiltSQL.addColumn($0.text, to: table.name) }
    }

    /// The statements that make a table anew, with what its owner has added.
    private func rebuild(_ table: TableText, _ made: Makeup) -> [String] {
        guard let wanted = table.body, let text = tables.first(where: { $0.name == table.name }), let own = text.body
        else { return [] }
        let known = Set(wanted.definitions.compactMap(\.column))
        let columns = own.definitions.compactMap(\.column)
        let more = own.definitions.filter { $0.column.map { !known.contains($0) } ?? false }
        let plain = { (text: String) in text.filter { !$0.isWhitespace }.lowercased() }
        let names = Set(table.checks.map(\.object))
        let conditions = Set(wanted.definitions.filter { $0.column == nil }.map { plain($0.text) })
        let moreConditions = own.definitions.filter { definition in
            definition.column == nil && !conditions.contains(plain(definition.text))
                && !names.contains { definition.text.contains($0) }
        }
        let definitions =
            wanted.definitions.filter { $0.column != nil } + more
            + wanted.definitions.filter { $0.column == nil } + moreConditions
        let objects = made.parts.filter { $0.table == table.name && $0.kind != .view && $0.isStatement }
        let others = parts.filter { part in
            part.table == table.name && part.kind != .view && part.isStatement
                && !objects.contains { $0.name == part.name }
        }
        return BuiltSQL.rebuild(
            table.name,
            definitions: definitions.map(\.text),
            options: wanted.options,
            columns: columns,
            isNumbered: table.sql.uppercased().contains("AUTOINCREMENT"),
            rest: (objects + others).map(\.text)
        )
    }

    /// The parts that other tables do not have and that may refuse rows.
    private func additions(to made: Makeup) -> [Part] {
        let known = Set(made.parts.map(\.name))
        let tables = Set(made.parts.map(\.table))
        return parts.filter { tables.contains($0.table) && !known.contains($0.name) && $0.mayRefuse }
    }

    /// The same, each for people and with what it does to deletions.
    func foreign(to made: Makeup) -> [(name: String, onDelete: DeleteTrigger)] {
        additions(to: made).map { part in
            let isTrigger = part.kind == .trigger && part.table == "tasks"
            return ("\(part.name) on \(part.table)", isTrigger ? .ofSQLite(part.text) : .lets)
        }
    }
}

extension Makeup.Part {
    /// Whether its text is the statement that makes it.
    fileprivate var isStatement: Bool { kind != .column && kind != .constraint }

    /// Reads a column.
    init(column row: ResultRow) {
        let (isNeeded, standard) = (row.flag("is_needed"), row.textIfAny("standard"))
        let parts = [row.text("type"), isNeeded ? "NOT NULL" : "", standard ?? "", "\(row.integer("key_place"))"]
        (kind, table, object) = (.column, row.text("table_name"), row.text("column_name"))
        name = "the column \(table).\(object)"
        text = parts.joined(separator: " ")
        mayRefuse = isNeeded && standard == nil
    }

    /// Reads an index, a trigger or a view.
    init(object row: ResultRow) {
        kind = Kind(rawValue: row.text("type")) ?? .index
        (table, text, object) = (row.text("table_name"), row.text("sql"), row.text("name"))
        name = "the \(kind.rawValue) \(object)"
        mayRefuse = kind == .trigger || text.uppercased().hasPrefix("CREATE UNIQUE")
    }
}

extension String {
    /// The beginning of a statement, in one line of at most 80 characters.
    fileprivate var gistOfSQL: String {
        let line = split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > 80 ? line.prefix(80) + "…" : line
    }
}
