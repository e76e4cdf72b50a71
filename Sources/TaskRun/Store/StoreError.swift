/// What went wrong between taskrun and its database, in a form that code can decide by and a person can act on.
public struct StoreError: Error, Sendable, Equatable {
    /// The kind of trouble; decide by this, never by the text.
    public enum Code: Sendable, Equatable {
        /// The server cannot be reached, the connection broke, or the server is starting or stopping. What was under
        /// way may or may not have happened.
        case unreachable
        /// The server answers, and takes no writes at this moment: it is starting or stopping, it is a standby, or a switch-over is under
        /// way. Nothing was written.
        case unavailable
        /// Another program holds the lock for longer than the busy timeout, or a statement ran into its time limit.
        /// Nothing was written.
        case locked
        /// Somebody's open transaction holds what an end needs: the row, its lock key, or a row that a task which is to follow would
        /// be equal to. Nothing was written.
        case held
        /// The server undid an end, as it took too long or stood in another transaction's way. Nothing was written; tried again it may go
        /// through.
        case undone
        /// The tables are missing, too old, too new, edited, or not taskrun's.
        case schema
        /// The database does not exist, is no database, is corrupt, read-only, or may not be opened.
        case database
        /// The database refused this row or value (a constraint, a trigger, a type). Nothing was written.
        case refused
        /// No room left on the device. Nothing was written.
        case full
        /// Anything else.
        case other
    }

    /// The kind of trouble.
    public let code: Code
    /// What failed and on what: `cannot claim tasks in sqlite:/var/lib/app.db`.
    ///
    /// Never a password or a payload.
    public let subject: String
    /// Why, in the database's words, with its number: `database is locked (SQLite 5)`.
    public let cause: String
    /// What to do next, as a sentence; nil where nothing useful can be said.
    public let advice: String?
    /// Whether it is about a task that was to follow on another one.
    public let isAboutFollowUp: Bool
    /// The one task whose row it is about; nil: it is about more than that.
    public let task: Int64?

    /// Creates an error from its parts.
    public init(
        _ code: Code,
        subject: String,
        cause: String,
        advice: String? = nil,
        isAboutFollowUp: Bool = false,
        task: Int64? = nil
    ) {
        self.code = code
        self.subject = subject
        self.cause = cause
        self.advice = advice
        self.isAboutFollowUp = isAboutFollowUp
        self.task = task
    }

    /// What is said where a statement changes nothing although its row is there.
    public static let skipped = "the statement changes nothing: a trigger, a rule or a policy of the table skips it"

    /// Why a task is not added where the table takes the statement and keeps no row.
    public static let notKept = "no row was added: a trigger or a rule of the table skips it"

    /// Whether the same call may go through later without anybody changing anything.
    public var isPassing: Bool {
        switch code {
        case .unreachable, .unavailable, .locked, .held, .undone, .full: true
        case .schema, .database, .refused, .other: false
        }
    }
}

extension String {
    /// With a full stop, unless it ends a sentence already.
    package var asSentence: String { last.map { ".?!…".contains($0) } ?? true ? self : self + "." }
}

extension StoreError: CustomStringConvertible {
    /// One sentence with what failed, on what and why, and one with what to do.
    public var description: String {
        "\(subject): \(cause)".asSentence + (advice.map { " \($0)" } ?? "")
    }
}
