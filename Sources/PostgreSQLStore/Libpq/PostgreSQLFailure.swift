import TaskRun
import Text

/// A failure as libpq or the server reports it, before it is known what could not be done.
struct PostgreSQLFailure: Error, Equatable {
    /// What it means for the caller.
    let code: StoreError.Code
    /// The five characters of the SQLSTATE, or nil for a failure on this side.
    let state: String?
    /// One line in libpq's or the server's words.
    ///
    /// The server's DETAIL is left out: it shows column values.
    let message: String
    /// Whether the statement had been prepared before.
    private let isOfKeptPlan: Bool
    /// What to do about it, if the code does not say that.
    private let ownAdvice: String?
    /// Whether the statement may have been carried out all the same.
    private var isDoubtful = false
    /// Whether it is about a follow-up task.
    var isAboutFollowUp = false

    /// A failure that the server reported.
    init(state: String, message: String) {
        // A function that does not exist, or one of several.
        let isName = ["42883", "42725"].contains(state) && message.contains("task_")
        self.init(
            Self.code(forState: state),
            state: state,
            message: message,
            isOfKeptPlan: false,
            advice: isName ? Self.namesAdvice : nil
        )
    }

    private static let namesAdvice = """
        Run taskrun migrate as the owner of the tables: it makes their functions task_… again. If there are others with \
        these names, drop those first.
        """

    /// A failure on this side.
    init(_ code: StoreError.Code, state: String? = nil, message: String, advice: String? = nil) {
        self.init(code, state: state, message: message, isOfKeptPlan: false, advice: advice)
    }

    private init(_ code: StoreError.Code, state: String?, message: String, isOfKeptPlan: Bool, advice: String? = nil) {
        self.isOfKeptPlan = isOfKeptPlan
        ownAdvice = advice
        self.code = code
        self.state = state
        // The server quotes values in full.
        self.message = Self.oneLine(BoundedText.fit(message, bytes: 4 * 1024))
    }

    static let closed = PostgreSQLFailure(.other, message: "the store was closed")

    /// The failure of a row that was not added although the table accepted the statement.
    static let notKept = PostgreSQLFailure(.refused, message: StoreError.notKept)

    /// The state of a row that is refused because of an equal one.
    static let uniqueViolation = "23505"

    /// The same for an exclusion constraint.
    private static let exclusionViolation = "23P01"

    /// Whether a row is refused only beside another one.
    var isOfTwoRows: Bool { state == Self.uniqueViolation || state == Self.exclusionViolation }

    /// The state of a statement that waited for a lock up to its limit.
    static let lockTimeout = "55P03"

    /// Whether the server is well and refuses the statement: a value, JSON that is nested too deep, a trigger that does
    /// not work.
    var isAboutStatement: Bool {
        let others: [StoreError.Code] = [.unreachable, .unavailable, .locked, .held, .undone, .full]
        guard let state, !others.contains(code) else { return false }
        // Resources, operator, system, and the server's own faults.
        return !["53", "57", "58", "XX"].contains(state.prefix(2))
    }

    /// The state of a server without memory, or without room for one more lock.
    static let outOfMemory = "53200"

    /// The state of what the server cannot do, such as using a plan whose result would have other columns now.
    static let featureNotSupported = "0A000"

    /// Whether the server does not have the statement as this session prepared it.
    ///
    /// A table has changed since then, or the server connection is another one. The statement was surely undone.
    var isStalePlan: Bool { isOfKeptPlan || state == "26000" || state == "42P05" }

    /// The same failure, of a statement that had been prepared before.
    var ofKeptPlan: PostgreSQLFailure {
        PostgreSQLFailure(.unavailable, state: state, message: message, isOfKeptPlan: true)
    }

    /// The same failure, of a transaction whose COMMIT was sent and not answered.
    var inDoubt: PostgreSQLFailure {
        var copy = self
        copy.isDoubtful = true
        return copy
    }

    /// Whether two transactions conflicted: repeated at once, the statement usually succeeds.
    var isConflict: Bool { state == "40001" || state == "40P01" }

    /// Whether the server undid a statement for a reason that is not the statement's: the server is read-only for now,
    /// lacks memory, room or locks, stops, was asked to cancel it, or another transaction conflicted with it.
    ///
    /// Source: PostgreSQL's manual, appendix A: the classes 08, 53, 57 and 58 as a whole.
    var isTroubleOfServer: Bool {
        guard let state else { return code == .unreachable }
        switch state {
        case "25006", "25P03", "25P04", "40001", "40P01", "55P03", "55006": return true
        default: return ["08", "53", "57", "58"].contains(state.prefix(2))
        }
    }

    /// Whether the server refuses this row or this statement and will do so again: a constraint, a trigger, a missing
    /// right, a text that its encoding cannot store.
    var isRefusal: Bool {
        guard let state, isAboutStatement, !isStalePlan else { return false }
        // Cursors, transactions, prepared statements, logins, names of databases, snapshots, settings.
        return !["24", "25", "26", "28", "3D", "72", "F0"].contains(state.prefix(2)) && state != "0A000"
    }

    /// Whether a single row may be the reason, so that the others are to be tried without it: also a row that cannot be
    /// read, that another transaction has locked, or whose triggers take too long.
    var mayBeOfOneRow: Bool { isRefusal || state == Self.dataCorrupted || code == .locked && state != nil }

    /// The state of a row with damaged bytes.
    private static let dataCorrupted = "XX001"

    /// The same failure as a refusal, for callers that need to know only that.
    var asRefusal: PostgreSQLFailure {
        var failure = PostgreSQLFailure(.refused, state: state, message: message)
        failure.isAboutFollowUp = isAboutFollowUp
        return failure
    }

    /// Whether a row is refused because another one has the same value in this index of taskrun's.
    func meetsEqual(in index: String) -> Bool {
        // The message names the index, in the server's language and always in quotation marks.
        state == Self.uniqueViolation && message.contains(index)
    }

    /// Whether the connection is of no use any more.
    ///
    /// A server that takes no writes may have become a standby: the next connection looks for the primary again.
    var endsConnection: Bool {
        code == .unreachable || code == .unavailable && !isStalePlan && state != Self.outOfMemory
    }

    /// The error for the store's caller; `subject` says what could not be done.
    func storeError(subject: String) -> StoreError {
        let cause = state.map { "\(message) (SQLSTATE \($0))" } ?? message
        let advice = isDoubtful ? Self.doubt : ownAdvice ?? behindAdvice ?? Self.advice(code: code, state: state)
        return StoreError(code, subject: subject, cause: cause, advice: advice, isAboutFollowUp: isAboutFollowUp)
    }

    /// The advice about a number that is given twice: after a restore without its sequence.
    private var behindAdvice: String? {
        guard meetsEqual(in: "tasks_pkey") else { return nil }
        return """
            The sequence of the ids is behind them, as after a restore. Run: \
            SELECT setval(pg_get_serial_sequence('tasks', 'id'), \
            (SELECT max(id) FROM ONLY tasks WHERE id <= 4611686018427387904))
            """
    }

    private static let doubt = "The change may have been made. Check with taskrun list before you try again."

    /// libpq ends its messages with a line feed and writes one line for each host it tried.
    static func oneLine(_ message: String) -> String {
        message.split(whereSeparator: \.isNewline)
            .map { $0.drop(while: \.isWhitespace) }
            .joined(separator: "; ")
    }
}

extension PostgreSQLFailure {
    /// The meaning of a SQLSTATE for a run.
    ///
    /// Source: PostgreSQL's manual, appendix A, "PostgreSQL Error Codes".
    static func code(forState state: String) -> StoreError.Code {
        switch state {
        // The server stops or has no room; 25P03, 25P04 and 57P05 end a session that took too long.
        case "57P01", "57P02", "57P05", "53300", "25P03", "25P04": return .unreachable
        // The server starts or stops, takes no writes (a standby, a switch-over), does not know a prepared statement,
        // or has no room for one more lock.
        case "57P03", "25006", "26000", "42P05", "53200": return .unavailable
        // A lock or statement reached its limit, or two transactions conflicted.
        case "55P03", "57014", "40001", "40P01": return .locked
        // No such table, column or schema.
        case "42P01", "42703", "3F000": return .schema
        // No permission, no such database, a broken file.
        case "42501", "3D000", "57P04", "XX001", "XX002": return .database
        case "42804", "P0001": return .refused
        case "53100": return .full
        default: break
        }
        switch state.prefix(2) {
        case "08": return .unreachable
        case "28": return .database
        case "22", "23": return .refused
        default: return .other
        }
    }

    /// What to do next, if that can be said.
    static func advice(code: StoreError.Code, state: String?) -> String? {
        switch (code, state) {
        case (_, "53300"): "Raise max_connections on the server, or start fewer runs at the same time."
        case (_, "28P01"), (_, "28000"):
            "Check user and password (in the URL, PGPASSWORD or ~/.pgpass) and the server's pg_hba.conf."
        case (_, "3D000"): "Create the database (createdb), or name another one in the URL."
        case (_, "42501"): "Give this user the right (GRANT), or connect as the tables' owner."
        case (_, "25006"):
            """
            During a switch-over, try again. Otherwise name the primary server in the URL, or name all servers and \
            add target_session_attrs=read-write.
            """
        case (_, "53200"): "Raise max_locks_per_transaction on the server (64 is its default), or give it more memory."
        case (_, "57P03"): "The server is starting or stopping: try again."
        case (.unavailable, _): "Try again."
        case (.unreachable, _): "Check that the server is running and can be reached from here, then try again."
        case (.held, _):
            "The run tries again until the lease ends. See pg_stat_activity for transactions that are open for long."
        case (.undone, _): "The run tries again until the lease ends."
        case (.locked, _): "Try again. If it is still locked, pg_stat_activity shows the session that holds the lock."
        case (.schema, _): "Run taskrun migrate, with the same database."
        case (.full, _): "Free space on the server's disk."
        default: nil
        }
    }
}
