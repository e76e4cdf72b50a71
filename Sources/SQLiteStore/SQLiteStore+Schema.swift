import CSQLite
import GRDB
import Migrations
public import TaskRun

extension SQLiteStore {
    private static var known: [Migration] { Migration.all(for: .sqlite) }

    /// Checks that the tables are those this program knows.
    public func requireSchema() async throws(StoreError) {
        let subject = "cannot work with the tables in \(location)"
        switch MigrationPlan.decide(found: try await schemaState(), known: Self.known) {
        case .upToDate: return
        case .apply(_, let version):
            throw .behind(subject, version: version, known: Self.known.count, location: location)
        case .refuse(let refusal): throw .refusal(subject, refusal)
        }
    }

    /// Every known version, and which of them the file has.
    public func schemaVersions() async throws(StoreError) -> [SchemaVersion] {
        let missing: Int
        switch MigrationPlan.decide(found: try await schemaState(), known: Self.known) {
        case .upToDate: missing = Self.known.count
        case .apply(_, let version): missing = version
        case .refuse(let refusal): throw .refusal("cannot read the schema of \(location)", refusal)
        }
        return Self.known.map { SchemaVersion(version: $0.version, name: $0.name, isApplied: $0.version <= missing) }
    }

    /// Creates or upgrades the tables.
    ///
    /// The write lock makes two at once queue up.
    public func migrate() async throws(StoreError) -> [SchemaVersion] {
        let subject = "cannot migrate \(location)"
        try await access(subject) { database in
            try database.keepTemporary(.inFiles)
            guard sqlite_allow_schema_edits(database.sqliteConnection) == 0 else {
                throw DatabaseError(resultCode: .SQLITE_ERROR)
            }
        }
        return try await transaction(subject) { database in
            switch MigrationPlan.decide(found: try database.schemaState(subject), known: Self.known) {
            case .upToDate:
                return []
            case .refuse(let refusal):
                throw StoreError.refusal(subject, refusal)
            case .apply(let migrations, _):
                for migration in migrations {
                    try database.execute(sql: migration.sql)
                    try database.run(
                        Statements.record,
                        [
                            "version": migration.version, "name": migration.name, "checksum": migration.checksum,
                        ]
                    )
                }
                return migrations.map { SchemaVersion(version: $0.version, name: $0.name, isApplied: true) }
            }
        }
    }

    private func schemaState() async throws(StoreError) -> SchemaState {
        let subject = "cannot read the schema of \(location)"
        return try await read("cannot read the schema") { try $0.schemaState(subject) }
    }
}

extension Database {
    /// The version of the tables that a program must know to begin tasks; nil where this one does.
    func newerVersion() throws -> Int? {
        let least = try first(Statements.leastVersion) ?? 0
        return least > Migration.newest ? least : nil
    }

    /// - Parameter subject: What cannot be done where the tables would be read wrongly.
    /// - Returns: What is there.
    /// - Throws: ``StoreError/Code/schema`` for such tables.
    fileprivate func schemaState(_ subject: String) throws -> SchemaState {
        let encoding = try value(of: Pragma.encoding) ?? "UTF-8"
        guard encoding == "UTF-8" else { throw StoreError.encoding(subject, encoding) }
        let kinds = Dictionary(try rows(Statements.tables).map { ($0.name, $0.type) }) { $1 }
        guard kinds["task_migrations"] != nil else {
            return SchemaState(applied: nil, hasTasksTable: kinds["tasks"] != nil)
        }
        let applied = try rows(Statements.applied)
        guard applied.isEmpty || kinds["tasks"] != "view" else { throw StoreError.view(subject) }
        return SchemaState(applied: applied, hasTasksTable: kinds["tasks"] != nil)
    }
}

/// A table or a view.
struct TableKind {
    let name, type: String

    static func reader(_ columns: Columns) -> (ResultRow) -> TableKind {
        let (name, type) = (columns["name"], columns["type"])
        return { row in TableKind(name: row.text(name), type: row.text(type)) }
    }
}

extension SchemaState.Applied {
    static func reader(_ columns: Columns) -> (ResultRow) -> Self {
        let (version, checksum) = (columns["version"], columns["checksum"])
        return { row in Self(version: Int(row.integer(version)), checksum: row.text(checksum)) }
    }
}

extension StoreError {
    fileprivate static func encoding(_ subject: String, _ encoding: String) -> StoreError {
        StoreError(
            .schema,
            subject: subject,
            cause: "its texts are \(encoding), and taskrun works with UTF-8 only",
            advice: "Make a new one of it, in UTF-8, while nobody writes: sqlite3 FILE .dump | sqlite3 NEW_FILE"
        )
    }

    fileprivate static func view(_ subject: String) -> StoreError {
        StoreError(
            .schema,
            subject: subject,
            cause: "tasks is a view, and taskrun works with a plain table only",
            advice: "Drop or rename the view, and give the table its name again."
        )
    }

    static func behind(_ subject: String, version: Int, known: Int, location: String) -> StoreError {
        StoreError(
            .schema,
            subject: subject,
            cause: version == 0 ? "there are none yet" : "they have version \(version), this program needs \(known)",
            advice: "Run: taskrun --database \(location) migrate"
        )
    }

    static func refusal(_ subject: String, _ refusal: MigrationPlan.Refusal) -> StoreError {
        StoreError(.schema, subject: subject, cause: refusal.cause, advice: refusal.advice)
    }
}
