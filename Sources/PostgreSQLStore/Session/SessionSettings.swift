import TaskRun

/// The settings that a session's statements need, whatever the defaults of the server, the database or the role.
///
/// On a connection to the server itself they are set once. Behind a pooler the session belongs to all its clients, and
/// the next transaction may have another one: there each transaction sets them, for itself.
struct SessionSettings: Sendable {
    struct Value: Sendable, Equatable {
        let name: String
        let value: String
    }

    let values: [Value]
    /// How a transaction begins behind a pooler: its isolation cannot be set after its first statement.
    let begin: Request
    /// Whether names in the statements mean only PostgreSQL's own things and those of the tables' schema: see
    /// ``Names``.
    let areNamesOwn: Bool

    init(_ values: [Value], begin: Request = .begin, areNamesOwn: Bool = false) {
        (self.values, self.begin, self.areNamesOwn) = (values, begin, areNamesOwn)
    }

    static let none = SessionSettings([])

    /// The same and more; later ones win.
    func adding(_ more: [Value]) -> SessionSettings {
        SessionSettings(values + more, begin: begin, areNamesOwn: areNamesOwn)
    }

    /// The same after others, which they win over.
    func behind(_ others: [Value]) -> SessionSettings {
        SessionSettings(others + values, begin: begin, areNamesOwn: areNamesOwn)
    }

    /// The same with the tables in this schema.
    func within(_ scratch: ScratchSchema) -> SessionSettings {
        let names = Value(name: Names.setting, value: "\(scratch.name), pg_temp")
        return SessionSettings(values + [names], begin: begin)
    }

    /// For scripts: the user's own statements, planned as the server thinks best, with the user's names.
    ///
    /// A statement may take long. The server checks meanwhile whether the connection still exists, so that it does not
    /// hold the task of a killed run all that time. PostgreSQL 13, and a server not on Linux, cannot do that.
    static let script = SessionSettings(common + [Value(name: connectionCheck, value: "1s")])

    /// For the store's own statements.
    ///
    /// They make the planner use the indexes that these statements are made for. By default it uses statistics, which
    /// say little about this table: it is empty now, has a million rows a minute later, and no one has run ANALYZE in
    /// between. A plan made for the empty table would then read all of it at each claim. Nested loops over index scans
    /// cost the same at any size. The plans are made once for each session (`force_generic_plan`), as none of them
    /// depends on a value. They are never compiled: `jit` takes the price of a forbidden plan for a real one.
    static let store = SessionSettings(
        common + [
            Value(name: "statement_timeout", value: "10s"),
            // A row that an open transaction has locked is soon left for later, so that the others go on.
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

    /// The statement lexer relies on standard strings.
    ///
    /// The server ends a session that is lost within a transaction, with its rows locked, after a minute.
    private static let common = [
        Value(name: "standard_conforming_strings", value: "on"),
        // Lists of values contain NULL.
        Value(name: "array_nulls", value: "on"),
        Value(name: "idle_in_transaction_session_timeout", value: "60s"),
    ]

    static let connectionCheck = "client_connection_check_interval"

    /// For work that a person waits for or that may read the whole table: 30 s and any plan, in this transaction only.
    static let maintenance = Request(SessionSQL.maintenance)

    /// For a look that a person waits for: no statement takes long.
    static let looking = Request(SessionSQL.looking, [lookLimit])

    /// The same for statements that are planned for their values.
    static let lookingAtValues = Request(SessionSQL.lookingAtValues, [lookLimit])

    private static let lookLimit = "\(Int(LookLimit.time / .milliseconds(1)))ms"

    /// Only the longer time limit, for statements that have an index of their own.
    static let patience = Request(SessionSQL.patience, ["1s"])

    /// The same if a person waits: it waits for locks as long, too.
    static let insistence = Request(SessionSQL.patience, ["0"])

    /// Waits for locks as long as a statement may take: for tasks to be added, as an equal one may be in an open
    /// transaction.
    static let tolerance = Request(SessionSQL.tolerance)

    /// Lets the next statements of the transaction hardly wait for a lock if it settles several tasks.
    ///
    /// A single task may wait longer, for example for a row in which all programs count.
    static func haste(isAlone: Bool) -> Request {
        Request(isAlone ? SessionSQL.lessHaste : SessionSQL.haste)
    }

    /// Lets a claim that is only tried neither wait for a lock nor take long.
    static let impatience = Request(SessionSQL.impatience)

    /// Ends ``haste(isAlone:)``.
    static let noHaste = Request(SessionSQL.noHaste)

    /// How long to wait for an answer in a maintenance transaction.
    static let maintenanceLimit: Duration = .seconds(35)

    /// Sets the session up if the answering process is the one that libpq named when it connected.
    func request(ifAnswering processID: Int32) -> Request {
        Request(SessionSQL.setUp, arrays + [String(processID), areNamesOwn ? "t" : "f"])
    }

    /// Makes the settings for the transaction.
    var requestForTransaction: Request { Request(SessionSQL.settingsOfTransaction, arrays) }

    private var arrays: [String?] {
        [SQLText.array(values.map { Optional($0.name) }), SQLText.array(values.map { Optional($0.value) })]
    }
}
