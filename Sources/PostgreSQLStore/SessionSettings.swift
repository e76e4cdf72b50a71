import TaskRun

/// What the statements of a session go by, whatever the server, the database or the role have as default.
///
/// On a connection to the server itself they are set once. Behind a pooler the session belongs to all its clients, and the next
/// transaction may have another one: there they are set in each transaction, for the transaction.
struct SessionSettings: Sendable {
    /// One setting.
    struct Value: Sendable, Equatable {
        let name: String
        let value: String
    }

    /// What is set.
    let values: [Value]
    /// How a transaction begins behind a pooler: its isolation cannot be set behind its first statement.
    let begin: Request
    /// Whether names in the statements mean PostgreSQL's own things and those of the tables' schema, and nothing else: see ``Names``.
    let areNamesOwn: Bool

    init(_ values: [Value], begin: Request = .begin, areNamesOwn: Bool = false) {
        (self.values, self.begin, self.areNamesOwn) = (values, begin, areNamesOwn)
    }

    /// Nothing.
    static let none = SessionSettings([])

    /// The same and more; what comes later wins.
    func adding(_ more: [Value]) -> SessionSettings {
        SessionSettings(values + more, begin: begin, areNamesOwn: areNamesOwn)
    }

    /// The same behind others, which they win over.
    func behind(_ others: [Value]) -> SessionSettings {
        SessionSettings(others + values, begin: begin, areNamesOwn: areNamesOwn)
    }

    /// The same with the tables in this schema.
    func within(_ scratch: ScratchSchema) -> SessionSettings {
        let names = Value(name: Names.setting, value: "\(scratch.name), pg_temp")
        return SessionSettings(values + [names], begin: begin)
    }

    /// For scripts: the user's own statements, planned as the server thinks best, with the names as the user has them.
    ///
    /// A statement may take long, and the server looks for the end of the connection while it runs, so that the task of
    /// a run that was killed is not held for as long as that. PostgreSQL 13, and a server not on Linux, cannot do that.
    static let script = SessionSettings(common + [Value(name: connectionCheck, value: "1s")])

    /// For the store's own statements.
    ///
    /// The planner is told to use the indexes these statements are made for. Left alone it goes by statistics, and those
    /// of this table are of little worth: it is empty now, has a million rows a minute later, and nobody has run ANALYZE
    /// in between. A plan made for the empty table would then read all of it at each claim. Nested loops over index
    /// scans cost the same at any size. The plans are made once a session (`force_generic_plan`), as none of them depends
    /// on a value, and never compiled: `jit` takes the price of a forbidden plan for a real one.
    static let store = SessionSettings(
        common + [
            Value(name: "statement_timeout", value: "10s"),
            // What somebody's open transaction holds is set apart soon, so that the others go on.
            Value(name: "lock_timeout", value: "1s"),
            Value(name: "default_transaction_isolation", value: "read committed"),
            Value(name: "plan_cache_mode", value: "force_generic_plan"),
            Value(name: "enable_seqscan", value: "off"), Value(name: "enable_bitmapscan", value: "off"),
            Value(name: "enable_hashjoin", value: "off"), Value(name: "enable_mergejoin", value: "off"),
            Value(name: "jit", value: "off"),
        ],
        begin: Request(SessionSQL.beginReadCommitted),
        areNamesOwn: true
    )

    /// The statement lexer counts on standard strings.
    ///
    /// A session that is lost in the middle of a transaction, with its rows locked, is ended by the server after a
    /// minute.
    private static let common = [
        Value(name: "standard_conforming_strings", value: "on"),
        // Lists of values have NULL in them.
        Value(name: "array_nulls", value: "on"),
        Value(name: "idle_in_transaction_session_timeout", value: "60s"),
    ]

    static let connectionCheck = "client_connection_check_interval"

    /// Begins what people wait for and what may read the whole table: 30 s, and any plan.
    ///
    /// For the transaction only.
    static let maintenance = Request(SessionSQL.maintenance)

    /// Only the longer time limit: for statements that have an index of their own.
    static let patience = Request(SessionSQL.patience, ["1s"])

    /// The same where a person waits: also a lock is waited for as long as that.
    static let insistence = Request(SessionSQL.patience, ["0"])

    /// Waits for locks as long as a statement may take: for tasks that are added, whose equal may be in an open transaction.
    static let tolerance = Request(SessionSQL.tolerance)

    /// Lets the next statements of the transaction hardly wait for a lock where others are settled by it too.
    ///
    /// Alone a task may wait longer, as for a row that all programs count in.
    static func haste(isAlone: Bool) -> Request {
        Request(isAlone ? SessionSQL.lessHaste : SessionSQL.haste)
    }

    /// Lets a claim that is only tried neither wait for a lock nor take long.
    static let impatience = Request(SessionSQL.impatience)

    /// Takes ``haste(isAlone:)`` back.
    static let noHaste = Request(SessionSQL.noHaste)

    /// How long to wait for an answer in a maintenance transaction.
    static let maintenanceLimit: Duration = .seconds(35)
}
