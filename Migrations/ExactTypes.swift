extension Migration {
    /// The statements as they are run: those of the file, with the types of each function and operator exactly PostgreSQL's own.
    ///
    /// Where others may make things in the tables' schema, somebody's function of the same name is called instead of PostgreSQL's own if
    /// its types fit better. A file that was shipped with types that do not fit exactly stays as it is, and its checksum with it.
    public var statements: String {
        guard version == 8 else { return sql }
        return Self.exactTypes.reduce(sql) { $0.replacing($1.shipped, with: $1.exact) }
    }

    private static let exactTypes: [(shipped: String, exact: String)] = [
        ("hashtextextended(gen_random_uuid()::text, 0)", "hashtextextended(gen_random_uuid()::text, 0::bigint)"),
        ("'GRANT SELECT ON task_salt TO ' || worker;", "'GRANT SELECT ON task_salt TO ' || worker::text;"),
        ("tables.oid = 'tasks'::regclass ", "tables.oid = 'tasks'::regclass::oid "),
        ("held.grantee <> 0 ", "held.grantee <> 0::oid "),
    ]
}
