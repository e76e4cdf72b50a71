import CSQLite
import GRDB
import Migrations
import TaskRun

/// The tables themselves: which version they have, and how they get a newer one.
struct Schema {
    private static var known: [Migration] { Migration.all(for: .sqlite) }

    let database: Database

    func require(at location: String) throws {
        let subject = "cannot work with the tables in \(location)"
        switch try plan("cannot read the schema of \(location)") {
        case .upToDate: return
        case .apply(_, let version):
            let known = "they have version \(version), this program needs \(Self.known.count)"
            throw StoreError(
                .schema,
                subject: subject,
                cause: version == 0 ? "there are none yet" : known,
                advice: "Run: taskrun --database \(location) migrate"
            )
        case .refuse(let refusal):
            throw StoreError(.schema, subject: subject, cause: refusal.cause, advice: refusal.advice)
        }
    }

    func versions(at location: String) throws -> [SchemaVersion] {
        let subject = "cannot read the schema of \(location)"
        let applied: Int
        switch try plan(subject) {
        case .upToDate: applied = Self.known.count
        case .apply(_, let version): applied = version
        case .refuse(let refusal):
            throw StoreError(.schema, subject: subject, cause: refusal.cause, advice: refusal.advice)
        }
        return Self.known.map { SchemaVersion(version: $0.version, name: $0.name, isApplied: $0.version <= applied) }
    }

    /// Prepares the connection for ``migrate(_:)``, outside of a transaction.
    func allowEdits() throws {
        try database.set(Pragma.temporaryStore(.inFiles))
        guard sqlite_allow_schema_edits(database.sqliteConnection) == 0 else {
            throw DatabaseError(resultCode: .SQLITE_ERROR)
        }
    }

    /// Creates or upgrades the tables, and returns the versions that it applied.
    func migrate(_ subject: String) throws -> [SchemaVersion] {
        switch try plan(subject) {
        case .upToDate:
            // After a copy of the tables alone, or after the table was made anew.
            if try database.first(Statements.names) == false {
                for migration in Self.known where migration.version == Migration.names { try run(migration, subject) }
            }
            return []
        case .refuse(let refusal):
            throw StoreError(.schema, subject: subject, cause: refusal.cause, advice: refusal.advice)
        case .apply(let migrations, _):
            return try migrations.map { migration in
                try run(migration, subject)
                try database.run(
                    Statements.record,
                    ["version": migration.version, "name": migration.name, "checksum": migration.checksum]
                )
                return SchemaVersion(version: migration.version, name: migration.name, isApplied: true)
            }
        }
    }

    /// Runs the statements of a migration.
    private func run(_ migration: Migration, _ subject: String) throws {
        do {
            try database.execute(sql: migration.sql)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
            guard migration.version == Migration.names else { throw error }
            throw StoreError(
                .schema,
                subject: subject,
                cause: error.message ?? "\(error.resultCode)",
                advice: """
                    taskrun makes views named tasks_plain, tasks_keyed, tasks_after_crash and task_rows. Rename what has \
                    one of these names now, then run taskrun migrate again.
                    """
            )
        }
    }

    /// The version of the tables that a program must know to claim tasks, or nil if this one knows it.
    func newerVersion() throws -> Int? {
        let least = try database.first(Statements.leastVersion) ?? 0
        return least > Migration.newest ? least : nil
    }

    /// Decides what an upgrade has to do; `subject` says what cannot be done if taskrun cannot read the tables
    /// correctly.
    private func plan(_ subject: String) throws -> MigrationPlan {
        let encoding = try database.value(of: Pragma.encoding) ?? "UTF-8"
        guard encoding == "UTF-8" else {
            throw StoreError(
                .schema,
                subject: subject,
                cause: "its texts are \(encoding), and taskrun works with UTF-8 only",
                advice: "Copy it into a new UTF-8 file while no program writes: sqlite3 FILE .dump | sqlite3 NEW_FILE"
            )
        }
        let kinds = Dictionary(try database.rows(Statements.tables).map { ($0.name, $0.type) }) { $1 }
        var applied: [SchemaState.Applied]?
        if kinds["task_migrations"] != nil {
            let versions = try database.rows(Statements.applied)
            guard versions.isEmpty || kinds["tasks"] != "view" else {
                throw StoreError(
                    .schema,
                    subject: subject,
                    cause: "tasks is a view, and taskrun works with a plain table only",
                    advice: "Drop or rename the view, and give the table its name again."
                )
            }
            applied = versions
        }
        let state = SchemaState(applied: applied, hasTasksTable: kinds["tasks"] != nil)
        return MigrationPlan.decide(found: state, known: Self.known)
    }
}

/// A table or a view.
struct TableKind {
    let name, type: String

    init(_ row: ResultRow) { (name, type) = (row.text("name"), row.text("type")) }
}

extension SchemaState.Applied {
    init(_ row: ResultRow) { self.init(version: Int(row.integer("version")), checksum: row.text("checksum")) }
}
