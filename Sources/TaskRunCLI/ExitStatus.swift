import Platform
import TaskRun

/// How the program ends: what cron, scripts and service managers decide by.
///
/// The numbers above 2 are those of sysexits(3).
enum ExitStatus: Int32 {
    /// Done, also when tasks were put back for another attempt.
    case done = 0
    /// Part of what was asked for was not done: a task became FAILED (`once --fail-on-failed`), or a number given to
    /// `show`, `retry` or `delete` is of no task that this could be done to.
    case incomplete = 1
    /// A task that was asked for was CANCELLED.
    case cancelled = 2
    /// The command line is wrong (EX_USAGE).
    case usage = 64
    /// The database refused a task that was to be added, or the end of one in every form (EX_DATAERR).
    case badData = 65
    /// Nothing is known of a token (EX_NOINPUT).
    case noInput = 66
    /// The database cannot be reached (EX_UNAVAILABLE).
    case unreachable = 69
    /// A bug, here or in the database (EX_SOFTWARE).
    case bug = 70
    /// A task that was added has ended, and its result cannot be written to stdout (EX_IOERR).
    case unwritten = 74
    /// The database is locked, takes no writes at this moment, or its disk is full, or a task has not ended yet: try again later (EX_TEMPFAIL).
    case tryAgain = 75
    /// The settings, the schema or the database file need a person (EX_CONFIG).
    case settings = 78

    /// What a database error means for the caller.
    init(_ code: StoreError.Code) {
        switch code {
        case .unreachable: self = .unreachable
        case .unavailable, .locked, .held, .undone, .full: self = .tryAgain
        case .schema, .database: self = .settings
        case .refused: self = .badData
        case .other: self = .bug
        }
    }

    /// Ends the process.
    func leave() -> Never { exit(rawValue) }
}

/// Why a command could not do what it was asked to: for a person to read, and for the exit code.
struct ProgramError: Error, Equatable {
    /// The exit code.
    let status: ExitStatus
    /// What failed, on what and why, without a full stop.
    ///
    /// Never a password or a payload.
    let problem: String
    /// What to do next, as a sentence; nil where nothing useful can be said.
    let advice: String?

    init(_ status: ExitStatus, _ problem: String, advice: String? = nil) {
        self.status = status
        self.problem = problem
        self.advice = advice
    }

    /// A database error, as it is told to the caller.
    init(_ error: StoreError) {
        let cause = error.code == .refused ? ConstraintText.plain(error.cause) : error.cause
        self.init(ExitStatus(error.code), "\(error.subject): \(cause)", advice: error.advice)
    }

    /// `error`, `advice` (null where nothing useful can be said) and `status`, the exit code.
    var json: JSONValue {
        ["error": .text(problem), "advice": .text(advice), "status": .number(Int(status.rawValue))]
    }

    /// One or two sentences.
    var text: String { problem.asSentence + (advice.map { " \($0)" } ?? "") }
}
