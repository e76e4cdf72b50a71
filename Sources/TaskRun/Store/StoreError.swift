/// An error between taskrun and its database, in a form that code can decide by and a person can act on.
public struct StoreError: Error, Sendable, Equatable {
    /// The kind of error; decide by this, never by the text.
    public enum Code: Sendable, Equatable {
        /// The server cannot be reached, the connection broke, or the server is starting or stopping.
        ///
        /// The transaction in progress may or may not have happened.
        case unreachable
        /// The server answers, but accepts no writes now: it is starting or stopping, is a standby, or a switch-over is
        /// in progress.
        ///
        /// Nothing was written.
        case unavailable
        /// Another program holds the lock for longer than the busy timeout, or a statement ran into its time limit.
        ///
        /// Nothing was written.
        case locked
        /// Another open transaction has locked what an end needs: the row, its lock key, or a row to which a follow-up
        /// would be equal.
        ///
        /// Nothing was written.
        case held
        /// The server rolled back an end, because it took too long or conflicted with another transaction.
        ///
        /// Nothing was written; the next try may succeed.
        case undone
        /// The tables are missing, too old, too new, edited, or not taskrun's.
        case schema
        /// The database does not exist, is no database, is corrupt, is read-only, or may not be opened.
        case database
        /// The database refused this row or value (a constraint, a trigger, a type).
        ///
        /// Nothing was written.
        case refused
        /// The device is full.
        ///
        /// Nothing was written.
        case full
        /// Anything else.
        case other
    }

    /// The kind of error.
    public let code: Code
    /// What failed and on what: `cannot claim tasks in sqlite:/var/lib/app.db`.
    ///
    /// Never a password or a payload.
    public let subject: String
    /// Why, in the database's words, with its number: `database is locked (SQLite 5)`.
    public let cause: String
    /// What to do next, as a sentence, or nil if there is no useful advice.
    public let advice: String?
    /// Whether the error is about a follow-up.
    public let isAboutFollowUp: Bool
    /// The one task whose row it is about, or nil if it is about more than that.
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

    /// The cause that is reported when a statement changes nothing although its row is there.
    public static let skipped = "the statement changes nothing: a trigger, a rule or a policy of the table skips it"

    /// The cause that is reported when the table accepts an added task and keeps no row.
    public static let notKept = "no row was added: a trigger or a rule of the table skips it"

    /// Whether the same call may succeed later without any change by a person.
    public var isPassing: Bool {
        switch code {
        case .unreachable, .unavailable, .locked, .held, .undone, .full: true
        case .schema, .database, .refused, .other: false
        }
    }
}

extension String {
    /// The text with a full stop, unless it ends a sentence already.
    package var asSentence: String { last.map { ".?!…".contains($0) } ?? true ? self : self + "." }
}

extension StoreError: CustomStringConvertible {
    /// One sentence that says what failed, on what and why, and one that says what to do.
    public var description: String {
        "\(subject): \(cause)".asSentence + (advice.map { " \($0)" } ?? "")
    }
}
