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
        try await access(subject) { try $0.keepTemporary(.inFiles) }
        return try await transaction(subject) { database in
            switch MigrationPlan.decide(found: try database.schemaState(), known: Self.known) {
            case .upToDate:
                return []
            case .refuse(let refusal):
                throw StoreError.refusal(subject, refusal)
            case .apply(let migrations, _):
                for migration in migrations {
                    try database.execute(sql: migration.sql)
                    try database.execute(
                        sql: SQLiteSchemaStatements.record,
                        arguments: [
                            "version": migration.version, "name": migration.name, "checksum": migration.checksum,
                        ]
                    )
                }
                return migrations.map { SchemaVersion(version: $0.version, name: $0.name, isApplied: true) }
            }
        }
    }

    private func schemaState() async throws(StoreError) -> SchemaState {
        try await read("cannot read the schema") { try $0.schemaState() }
    }
}

/// The statements about the tables themselves.
enum SQLiteSchemaStatements {
    static let tables = """
        SELECT name
        FROM sqlite_schema
        WHERE name IN ('tasks', 'task_migrations') AND type IN ('table', 'view')
        """

    static let applied = """
        SELECT version, checksum
        FROM task_migrations
        ORDER BY version
        """

    static let record = """
        INSERT INTO task_migrations (version, name, checksum)
        VALUES (:version, :name, :checksum)
        """
}

extension Database {
    fileprivate func schemaState() throws -> SchemaState {
        let tables = Set(try String.fetchAll(self, sql: SQLiteSchemaStatements.tables))
        guard tables.contains("task_migrations") else {
            return SchemaState(applied: nil, hasTasksTable: tables.contains("tasks"))
        }
        let applied = try Row.fetchAll(self, sql: SQLiteSchemaStatements.applied)
            .map { SchemaState.Applied(version: $0[0], checksum: $0[1]) }
        return SchemaState(applied: applied, hasTasksTable: tables.contains("tasks"))
    }
}

extension StoreError {
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
