import Platform
import TaskRun

/// How the program ends: what cron, scripts and service managers decide by.
///
/// The numbers above 3 are those of sysexits(3). 0 to 3 are also those of monitoring plugins: see ``Alarm``.
enum ExitStatus: Int32 {
    /// Done, also when tasks were put back for another attempt.
    case done = 0
    /// Not everything is well or was done: a task is FAILED (`once --fail-on-failed`, `result`, `wait`, `add --wait`),
    /// `status --exit-code` finds something that needs a person, `show` does
    /// not find the task, `retry`, `cancel`, `delete` or `resume` left one as it was, `add --skip-bad` left out a line,
    /// or `bench` was stopped.
    case incomplete = 1
    /// The task is CANCELLED (`result`, `wait`, `add --wait`).
    case cancelled = 2
    /// `check` with thresholds cannot say how things are.
    case unknown = 3
    /// The command line is wrong (EX_USAGE).
    case usage = 64
    /// `add` cannot use its data, or the database refuses a row or, in every form, the end of a task (EX_DATAERR).
    case badData = 65
    /// Nothing is known of a token (EX_NOINPUT).
    case noInput = 66
    /// The database server does not answer, or the connection broke (EX_UNAVAILABLE).
    case unreachable = 69
    /// An error that this program does not know, or a bug, here or in the database (EX_SOFTWARE).
    case bug = 70
    /// The task of `add --wait` has ended, and its result cannot be written to stdout (EX_IOERR).
    case unwritten = 74
    /// Try again later (EX_TEMPFAIL): the database is locked, its disk is full, or its server takes no writes now; the
    /// task has not ended yet; this machine lacks memory, files or threads; `add` was stopped; or the answer cannot be
    /// written.
    case tryAgain = 75
    /// A person must correct the settings, the tables, the database or its file, or a right; handlers or hooks cannot
    /// be used; or `check` found an error (EX_CONFIG).
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

/// Why a command could not do its work: for a person to read, and for the exit code.
struct ProgramError: Error, Equatable {
    /// The exit code.
    let status: ExitStatus
    /// What failed, on what and why, without a full stop.
    ///
    /// Never a password or a payload.
    let problem: String
    /// What to do next, as a sentence, or nil if there is no useful advice.
    let advice: String?

    init(_ status: ExitStatus, _ problem: String, advice: String? = nil) {
        self.status = status
        self.problem = problem
        self.advice = advice
    }

    /// A database error in the form that callers see.
    init(_ error: StoreError) {
        let cause = error.code == .refused ? ConstraintText.plain(error.cause) : error.cause
        self.init(ExitStatus(error.code), "\(error.subject): \(cause)", advice: error.advice)
    }

    /// `error`, `advice` (null where nothing useful can be said) and `exit`, the exit code.
    var json: JSONValue {
        ["error": .text(problem), "advice": .text(advice), "exit": .number(Int(status.rawValue))]
    }

    /// One or two sentences.
    var text: String { problem.asSentence + (advice.map { " \($0)" } ?? "") }
}
