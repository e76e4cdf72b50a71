extension Migration {
    /// All migrations of a dialect as one script that leads from no tables to the newest schema.
    ///
    /// It also writes `task_migrations`, so that a database made by hand is the same as one made by `taskrun migrate`.
    public static func script(for dialect: Dialect) -> String {
        let steps = all(for: dialect).map { migration in
            """
            -- Version \(migration.version): \(migration.name)
            \(migration.sql)
            INSERT INTO task_migrations (version, name, checksum)
            VALUES (\(migration.version), '\(migration.name)', '\(migration.checksum)');

            """
        }
        return "BEGIN;\n\n\(steps.joined(separator: "\n"))\nCOMMIT;"
    }
}
