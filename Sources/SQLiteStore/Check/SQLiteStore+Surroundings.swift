import GRDB
import Migrations
import TaskRun

extension SQLiteStore {
    /// What stands around the tables for `taskrun check`: keys of other tables, triggers, and whether the tables are as taskrun makes them.
    func surroundings() async throws(StoreError) -> [Finding] {
        let made: Makeup
        do {
            let memory = try DatabaseQueue()
            made = try await memory.writeWithoutTransaction { database in
                for step in Migration.all(for: .sqlite) { try database.execute(sql: step.sql) }
                return try Makeup(database)
            }
        } catch {
            throw StoreError(sqlite: error, "cannot make tables for comparison")
        }
        let (own, keepers) = try await read("cannot look at the tables") { database in
            (try Makeup(database), try database.rows(Statements.keepers))
        }
        return [Self.shape(own.drift(from: made))] + Self.additions(own.additions(to: made)) + Self.keys(keepers)
    }

    private static func keys(_ keepers: [Keeper]) -> [Finding] {
        guard !keepers.isEmpty else { return [] }
        return [
            Finding(
                .warning,
                "foreign keys",
                "the rows of tasks that are done cannot be deleted while other rows refer to them: \(keepers.map(\.text).joined(separator: ", "))",
                advice: "Make such a key anew with ON DELETE SET NULL or ON DELETE CASCADE, or drop it."
            )
        ]
    }

    private static func shape(_ drift: [String]) -> Finding {
        guard !drift.isEmpty else { return Finding(.ok, "columns", "as taskrun makes them, indexes and triggers too") }
        let more = drift.count > 5 ? ", and \(drift.count - 5) more" : ""
        return Finding(
            .error,
            "columns",
            "not as taskrun makes them: \(drift.prefix(5).joined(separator: "; "))\(more)",
            advice: "Put back what was changed: taskrun migrate --print shows how it is made."
        )
    }

    private static func additions(_ additions: [String]) -> [Finding] {
        guard !additions.isEmpty else { return [] }
        return [
            Finding(
                .warning,
                "triggers",
                "not taskrun's, at work whenever it writes: \(additions.joined(separator: ", "))",
                advice: "See that they neither refuse nor change what is written, and are fast; else drop them."
            )
        ]
    }
}

/// A foreign key of another table that keeps a row of `tasks` from being deleted.
struct Keeper: Sendable {
    /// For people: `orders.task_id`.
    let text: String

    static func reader(_ columns: Columns) -> (ResultRow) -> Keeper {
        let (table, column) = (columns["table_name"], columns["column_name"])
        return { row in Keeper(text: "\(row.text(table)).\(row.text(column))") }
    }
}

/// What tables are made of, by name: columns, checks, indexes and triggers.
struct Makeup: Sendable {
    /// A column, check, index or trigger: its name, for people, and what it is made of.
    struct Part: Sendable {
        let name: String
        let table: String
        let text: String
        /// Whether rows may be refused where others do not know of it.
        let mayRefuse: Bool
    }

    let parts: [Part]

    init(_ database: Database) throws {
        let columns = try database.rows(Statements.columns)
        let rest = try database.rows(Statements.indexesAndTriggers)
        let checks = try database.rows(Statements.tableTexts).flatMap(\.checks)
        parts = columns + rest + checks
    }

    /// What these tables lack, or have otherwise, beside others.
    func drift(from made: Makeup) -> [String] {
        let own = Dictionary(parts.map { ($0.name, $0) }) { first, _ in first }
        let gone = Set(made.parts.map(\.table)).subtracting(parts.map(\.table)).sorted()
        return gone.map { "the table \($0) is missing" }
            + made.parts.filter { !gone.contains($0.table) }.compactMap { part in
                guard let found = own[part.name] else { return "\(part.name) is missing" }
                return found.text == part.text ? nil : "\(part.name) is other (\(found.text.gistOfSQL))"
            }
    }

    /// What these tables have beside others and that may refuse rows.
    func additions(to made: Makeup) -> [String] {
        let known = Set(made.parts.map(\.name))
        let tables = Set(made.parts.map(\.table))
        return parts.filter { tables.contains($0.table) && !known.contains($0.name) && $0.mayRefuse }
            .map { "\($0.name) on \($0.table)" }
    }
}

extension Makeup.Part {
    /// Reads a column.
    static func column(_ columns: Columns) -> (ResultRow) -> Self {
        let (table, name, type) = (columns["table_name"], columns["column_name"], columns["type"])
        let (need, standard, place) = (columns["is_needed"], columns["standard"], columns["key_place"])
        return { row in
            let (isNeeded, standard) = (row.flag(need), row.textIfAny(standard))
            let parts = [row.text(type), isNeeded ? "NOT NULL" : "", standard ?? "", "\(row.integer(place))"]
            return Self(
                name: "the column \(row.text(table)).\(row.text(name))",
                table: row.text(table),
                text: parts.joined(separator: " "),
                mayRefuse: isNeeded && standard == nil
            )
        }
    }

    /// Reads an index or a trigger.
    static func object(_ columns: Columns) -> (ResultRow) -> Self {
        let (type, name, table, sql) = (columns["type"], columns["name"], columns["table_name"], columns["sql"])
        return { row in
            let (type, sql) = (row.text(type), row.text(sql))
            return Self(
                name: "the \(type) \(row.text(name))",
                table: row.text(table),
                text: sql,
                mayRefuse: type == "trigger" || sql.uppercased().hasPrefix("CREATE UNIQUE")
            )
        }
    }
}

/// The text that a table was made by.
struct TableText {
    let name, sql: String

    static func reader(_ columns: Columns) -> (ResultRow) -> TableText {
        let (name, sql) = (columns["name"], columns["sql"])
        return { row in TableText(name: row.text(name), sql: row.text(sql)) }
    }

    /// Its checks, by their names: there is no list of them, and their text may have been put another way by a tool.
    var checks: [Makeup.Part] {
        sql.matches(of: #/CONSTRAINT\s+["`\[]?(\w+)/#.ignoresCase()).map { match in
            Makeup.Part(name: "the constraint \(match.1) of \(name)", table: name, text: "", mayRefuse: false)
        }
    }
}

extension String {
    /// The beginning of a statement, in one line.
    fileprivate var gistOfSQL: String {
        let line = split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > 80 ? line.prefix(80) + "…" : line
    }
}
