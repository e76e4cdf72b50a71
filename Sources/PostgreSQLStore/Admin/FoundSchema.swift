import Migrations
import TaskRun

/// The schema as the database describes it.
struct FoundSchema: Sendable {
    /// The schema's name, or nil if `search_path` names none that exists.
    let name: String?
    let encoding: String
    /// Why the store cannot work with the tables, if they are taskrun's.
    let trouble: TableShape.Trouble?
    /// The rows of `tasks` that row-level security shows this role, or nil if it does not apply to this role.
    let sight: RowSight?
    let state: SchemaState
    /// Whether each claim checks its rows again: see ``TableShape/hasTriggers``.
    let hasTriggers: Bool

    var plan: MigrationPlan { MigrationPlan.decide(found: state, known: Migration.all(for: .postgresql)) }

    /// Why the store cannot work with taskrun's tables, or may not create them here; nil if it can.
    ///
    /// Existing tables in a database of another encoding stay in use.
    var refusal: TableShape.Trouble? {
        guard case .apply(_, from: 0) = plan, encoding != "UTF8" else { return trouble }
        return TableShape.Trouble(
            cause: "the database has the encoding \(encoding), which cannot hold all texts",
            advice: "Use a database with the encoding UTF8 (createdb --encoding UTF8 --template template0 NAME)."
        )
    }

    init(_ tables: PostgreSQLResult.Rows, migrations: PostgreSQLResult.Rows?) {
        let shapes = tables.compactMap { TableShape($0) }
        name = tables.first?.textIfAny("schema")
        encoding = tables.first?.textIfAny("encoding") ?? ""
        hasTriggers = shapes.contains { $0.name == "tasks" && $0.hasTriggers }
        trouble = shapes.lazy.compactMap(\.trouble).first
        sight = shapes.first { $0.name == "tasks" }?.sight
        state = SchemaState(
            applied: migrations?.map {
                SchemaState.Applied(version: Int($0.integer("version")), checksum: $0.text("checksum"))
            },
            hasTasksTable: shapes.contains { $0.name == "tasks" }
        )
    }

    /// Looks in two steps, so that no statement fails: a failure would end a transaction.
    static func read(in session: PostgreSQLSession) throws(PostgreSQLFailure) -> FoundSchema {
        let tables = try session.rows(of: Request(SchemaSQL.tables))
        let isThere = tables.contains { $0.textIfAny("relname") == "task_migrations" && $0.text("relkind") != "v" }
        return FoundSchema(tables, migrations: isThere ? try session.rows(of: Request(SchemaSQL.migrations)) : nil)
    }
}

extension TableShape {
    /// Reads a row of ``SchemaSQL/tables``, or returns nil if there is no table.
    fileprivate init?(_ row: PostgreSQLResult.Row) {
        guard let name = row.textIfAny("relname") else { return nil }
        let columns = (row.textIfAny("columns") ?? "").split(separator: ",").compactMap { column -> (String, String)? in
            let words = column.split(separator: " ", maxSplits: 1)
            return words.count == 2 ? (String(words[0]), String(words[1])) : nil
        }
        self.init(
            name: name,
            kind: row.text("relkind"),
            children: row.textIfAny("children"),
            columns: Dictionary(columns) { $1 },
            sight: row.textIfAny("sight").flatMap { RowSight($0) },
            rules: row.textIfAny("rules"),
            hasTriggers: row.bool("has_triggers")
        )
    }
}
