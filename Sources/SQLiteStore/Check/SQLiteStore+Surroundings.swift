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
            (try Makeup(database), try Self.keepers(in: database))
        }
        return [Self.shape(own.drift(from: made))] + Self.additions(own.additions(to: made)) + Self.keys(keepers)
    }

    /// Foreign keys of other tables that keep a row of `tasks` from being deleted: `orders.task_id`.
    private static func keepers(in database: Database) throws -> [String] {
        try Row.fetchAll(
            database,
            sql: Statements.keepers
        ).map { "\($0[0] as String).\($0[1] as String)" }
    }

    private static func keys(_ keepers: [String]) -> [Finding] {
        guard !keepers.isEmpty else { return [] }
        return [
            Finding(
                .warning,
                "foreign keys",
                "the rows of tasks that are done cannot be deleted while other rows refer to them: \(keepers.joined(separator: ", "))",
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

/// What tables are made of, by name: columns, checks, indexes and triggers.
private struct Makeup: Sendable {
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
        let columns = try Row.fetchAll(
            database,
            sql: Statements.columns
        ).map { row in
            let (table, name) = (row[0] as String, row[1] as String)
            let (isNeeded, standard) = (row[3] as Bool, row[4] as String?)
            return Part(
                name: "the column \(table).\(name)",
                table: table,
                text: [row[2] as String, isNeeded ? "NOT NULL" : "", standard ?? "", "\(row[5] as Int)"].joined(
                    separator: " "
                ),
                mayRefuse: isNeeded && standard == nil
            )
        }
        let rest = try Row.fetchAll(
            database,
            sql: Statements.indexesAndTriggers
        ).map { row in
            let (type, sql) = (row[0] as String, row[3] as String)
            return Part(
                name: "the \(type) \(row[1] as String)",
                table: row[2],
                text: sql,
                mayRefuse: type == "trigger" || sql.uppercased().hasPrefix("CREATE UNIQUE")
            )
        }
        // By their names: there is no list of them, and their text may have been put another way by a tool.
        let checks = try Row.fetchAll(
            database,
            sql: Statements.tableTexts
        ).flatMap { row in
            let (table, sql) = (row[0] as String, row[1] as String)
            return sql.matches(of: #/CONSTRAINT\s+["`\[]?(\w+)/#.ignoresCase()).map { match in
                Part(name: "the constraint \(match.1) of \(table)", table: table, text: "", mayRefuse: false)
            }
        }
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

extension String {
    /// The beginning of a statement, in one line.
    fileprivate var gistOfSQL: String {
        let line = split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > 80 ? line.prefix(80) + "…" : line
    }
}
