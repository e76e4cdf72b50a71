import Migrations
import Synchronization
public import TaskRun

extension PostgreSQLStore {
    /// A migration may build an index on a table of any size.
    private static let migrationLimit: Duration = .seconds(6 * 3600)

    /// Checks that the tables are those this program knows: see ``TaskRun/TaskStore``.
    ///
    /// - Throws: ``TaskRun/StoreError/Code/schema`` for missing, older, newer, edited or foreign tables.
    public func requireSchema() async throws(StoreError) {
        let doing = "use the tables"
        let found = try await reach(to: doing) { session throws(PostgreSQLFailure) in
            do throws(PostgreSQLFailure) {
                // The usual case in one round trip; where the second table is missing, that is an error.
                let answers = try session.exchange([Request(SchemaSQL.marks), Request(SchemaSQL.migrations)])
                let marks = answers[SchemaSQL.marks]
                let isMarked = marks.contains { $0.textIfAny("has_triggers") == "t" }
                let tables = isMarked ? try session.rows(of: Request(SchemaSQL.tables)) : marks
                return FoundSchema(tables, migrations: answers[SchemaSQL.migrations])
            } catch {
                guard ["42P01", PostgreSQLFailure.featureNotSupported].contains(error.state) else { throw error }
                return try FoundSchema.read(in: session)
            }
        }
        if found.name == nil, let error = await closedSchema(doing) { throw error }
        hasTriggers.withLock { $0 = found.hasTriggers }
        switch try plan(found, doing: doing) {
        case .apply(_, from: 0):
            throw await missingTables(found.name ?? "", doing)
        case .apply(let missing, from: let version):
            let newest = missing.last?.version ?? version
            throw schemaError(
                doing,
                "they are of version \(version), and this program needs \(newest)",
                "Run taskrun migrate, with the same database."
            )
        case .upToDate, .refuse:
            try await requireSight(found.sight)
        }
    }

    /// What row-level security lets this role see of the tasks; nil: it does not hold for this role.
    func sight() async throws(StoreError) -> RowSight? {
        try await reach(to: "look at the policies") { session throws(PostgreSQLFailure) in
            FoundSchema(try session.rows(of: Request(SchemaSQL.tables)), migrations: nil).sight
        }
    }

    /// Creates or upgrades the tables, in one transaction: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: What was run, oldest first.
    /// - Throws: ``TaskRun/StoreError/Code/schema`` for what is left alone; nothing is touched then.
    public func migrate() async throws(StoreError) -> [SchemaVersion] {
        let doing = "migrate the tables"
        let (found, run) = try await inSlices(to: doing) { session throws(PostgreSQLFailure) in
            try session.exchange(
                [.begin, Request(SchemaSQL.patience), Request(SchemaSQL.lock)],
                within: SessionSettings.maintenanceLimit
            )
            let found = try FoundSchema.read(in: session)
            // Anything but steps to be run is for the caller to look at; the transaction is undone.
            guard found.name != nil, found.refusal == nil, case .apply(let steps, _) = found.plan else {
                return (found, [Migration]())
            }
            for step in steps {
                try session.execute(step.statements, within: Self.migrationLimit)
                try session.exchange([Request(SchemaSQL.record, [String(step.version), step.name, step.checksum])])
            }
            try session.exchange([.commit])
            return (found, steps)
        }
        if found.name == nil, let error = await closedSchema(doing) { throw error }
        _ = try plan(found, doing: doing)
        return run.map { SchemaVersion(version: $0.version, name: $0.name, isApplied: true) }
    }

    /// Every schema version this program knows, and which the database has: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: The versions, oldest first.
    /// - Throws: As ``migrate()``.
    public func schemaVersions() async throws(StoreError) -> [SchemaVersion] {
        let doing = "read the tables' version"
        let found = try await reach(to: doing) { session throws(PostgreSQLFailure) in
            try FoundSchema.read(in: session)
        }
        if found.name == nil, let error = await closedSchema(doing) { throw error }
        let plan = try plan(found, doing: doing)
        return Migration.all(for: .postgresql).map { step in
            var isApplied = true
            if case .apply(_, from: let version) = plan { isApplied = step.version <= version }
            return SchemaVersion(version: step.version, name: step.name, isApplied: isApplied)
        }
    }

    /// What there is to do, or the error for what may not be touched.
    private func plan(_ found: FoundSchema, doing: String) throws(StoreError) -> MigrationPlan {
        guard found.name != nil else {
            throw schemaError(
                doing,
                "search_path names no schema that exists",
                "Create the schema, or set another search_path for this user or in the URL (options=-csearch_path%3Dname)."
            )
        }
        let plan = found.plan
        if case .refuse(let refusal) = plan { throw schemaError(doing, refusal.cause, refusal.advice) }
        if let trouble = found.refusal { throw schemaError(doing, trouble.cause, trouble.advice) }
        return plan
    }

    func schemaError(_ doing: String, _ cause: String, _ advice: String) -> StoreError {
        StoreError(.schema, subject: subject(doing), cause: cause, advice: advice)
    }
}

/// What the database says about its schema.
private struct FoundSchema: Sendable {
    /// The schema's name; nil where `search_path` names none that exists.
    let name: String?
    /// The database's encoding.
    let encoding: String
    /// What of the tables cannot be worked with, if they are taskrun's.
    let trouble: TableShape.Trouble?
    /// What row-level security lets this role see of the tasks; nil: it does not hold for this role.
    let sight: RowSight?
    let state: SchemaState
    /// Whether a claim looks again at what it has taken: see ``TableShape/hasTriggers``.
    let hasTriggers: Bool

    var plan: MigrationPlan { MigrationPlan.decide(found: state, known: Migration.all(for: .postgresql)) }

    /// Why tables of taskrun's cannot be worked with, or none may be made here; nil: nothing is in the way.
    ///
    /// Tables that are in a database of another encoding go on there.
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

    /// Looks in two steps, so that nothing fails: a failure would end a transaction.
    static func read(in session: PostgreSQLSession) throws(PostgreSQLFailure) -> FoundSchema {
        let tables = try session.rows(of: Request(SchemaSQL.tables))
        let isThere = tables.contains { $0.textIfAny("relname") == "task_migrations" && $0.text("relkind") != "v" }
        return FoundSchema(tables, migrations: isThere ? try session.rows(of: Request(SchemaSQL.migrations)) : nil)
    }
}

extension TableShape {
    /// Reads a row of ``SchemaSQL/tables``; nil where there is no table.
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
