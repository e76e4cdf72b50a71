extension Migration {
    /// All migrations of a dialect as one script that leads from no tables to the newest schema.
    ///
    /// It also writes `task_migrations`, so that a database made by hand is the same as one made by `taskrun migrate`.
    public static func script(for dialect: Dialect) -> String {
        let edits = all(for: dialect).flatMap(\.edits)
        let steps = all(for: dialect).map { migration in
            """
            -- Version \(migration.version): \(migration.name)
            \(migration.statements(with: edits))
            INSERT INTO task_migrations (version, name, checksum)
            VALUES (\(migration.version), '\(migration.name)', '\(migration.checksum)');

            """
        }
        return transaction(of: steps.joined(separator: "\n"), for: dialect)
    }

    /// Statements as one transaction, for people who run them by hand.
    static func transaction(of statements: String, for dialect: Dialect) -> String {
        "BEGIN;\n\(dialect == .postgresql ? ownNames : "")\n\(statements)\nCOMMIT;"
    }

    /// What `taskrun migrate` sets for its session.
    private static let ownNames = """
        -- Until the end of this transaction names mean what PostgreSQL brings along, or what is in the first schema of your search_path that
        -- exists, where the tables are made.
        DO $$
        BEGIN
            PERFORM pg_catalog.set_config(
                'search_path',
                coalesce(pg_catalog.quote_ident(pg_catalog.current_schema()) OPERATOR(pg_catalog.||) ', pg_temp', '""'),
                true
            );
        END
        $$;

        """
}
