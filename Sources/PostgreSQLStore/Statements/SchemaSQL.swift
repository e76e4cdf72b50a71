import Migrations

/// The statements that read the schema and its record of migrations.
enum SchemaSQL {
    /// The newest schema version that this program knows.
    static let knownVersion = String(Migration.newest)

    static let names = Statement(once: PackageResources.schema_names_sql)
    static let newer = Statement("schema_newer", PackageResources.schema_newer_sql)
    static let tables = Statement("schema_tables", PackageResources.schema_tables_sql)
    static let marks = Statement("schema_marks", PackageResources.schema_marks_sql)
    static let migrations = Statement("schema_migrations", PackageResources.schema_migrations_sql)
    static let lock = Statement("schema_lock", PackageResources.schema_lock_sql)
    static let patience = Statement("schema_patience", PackageResources.schema_patience_sql)
    static let holder = Statement("schema_holder", PackageResources.schema_holder_sql)
    static let record = Statement("schema_record", PackageResources.schema_record_sql)
    static let places = Statement(once: PackageResources.table_places_sql)
}
