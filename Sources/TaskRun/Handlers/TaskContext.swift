public import Logging
public import Platform

/// What a handler gets besides its payload: which task, which attempt, until when, and where to say how far it is.
public struct TaskContext: Sendable {
    /// How far a handler is: `3` of `10`, and a word about it.
    ///
    /// The total is nil where it is not known.
    public struct Progress: Sendable, Equatable {
        /// Steps done, not negative.
        public let done: Int
        /// Steps in all, at least `done`; nil where not known.
        public let total: Int?

        /// Creates progress; nil for values that make no sense: negative ones, or more done than there is.
        public init?(done: Int, total: Int? = nil) {
            guard done >= 0, total.map({ $0 >= done && $0 > 0 }) ?? true else { return nil }
            self.done = done
            self.total = total
        }
    }

    private let task: ClaimedTask
    private let talk: HandlerTalk
    /// How many attempts there are.
    public let maxAttempts: Int
    /// When the attempt is cancelled, on this machine's clock.
    public let deadline: Date
    /// Where the default implementation of ``TaskHandler/tearDown(in:)`` says that it was called.
    var tearDown: TearDownUse?
    /// Where the result goes; nil where nobody wants it.
    let result: TaskResult?
    /// What a handler that settles its claim itself leaves as the result; nil for a task without a token.
    public internal(set) var record: ResultRecord?

    /// The task's `id`.
    public var taskID: Int64 { task.id }
    /// The task name.
    public var taskName: String { task.name }
    /// The queue it came from.
    public var queue: String { task.queue }
    /// Which attempt this is, from 1.
    public var attempt: Int { task.attempt }
    /// The batch that the task belongs to; nil: none.
    public var batch: String? { task.batch }

    /// Creates a context; `report` is called with each progress.
    public init(
        task: ClaimedTask,
        maxAttempts: Int,
        deadline: Date,
        logger: Logger,
        report: (@Sendable (Progress, String?) -> Void)? = nil
    ) {
        let talk = HandlerTalk(logger: logger) { report?($1.progress, $1.note) }
        self.init(task: task, maxAttempts: maxAttempts, deadline: deadline, talk: talk)
    }

    /// Creates a context of a run.
    init(task: ClaimedTask, maxAttempts: Int, deadline: Date, talk: HandlerTalk) {
        self.task = task
        self.maxAttempts = maxAttempts
        self.deadline = deadline
        self.talk = talk
        self.result = task.token == nil ? nil : TaskResult()
    }

    /// Whether the task has a token, so that somebody may fetch the result.
    public var isResultWanted: Bool { result != nil }

    /// Gives the result: it is kept in `task_results` if the handler succeeds and the task has a token.
    ///
    /// The last one counts; what goes beyond the setting `max_result` is cut off. Costs nothing where nobody wants it.
    public func setResult(_ bytes: [UInt8]) { result?.value = bytes }

    /// Gives the result as text.
    public func setResult(_ text: String) { result?.value = Array(text.utf8) }

    /// A logger that carries the task's number and name.
    ///
    /// Of all handlers of the name together 100 lines a second are written, and of a long line the first 8 KB.
    public var logger: Logger {
        var logger = talk.logger(for: taskName)
        logger[metadataKey: "task.id"] = "\(taskID)"
        logger[metadataKey: "task.name"] = "\(taskName)"
        return logger
    }

    /// Says how far the handler is: for the terminal, and for whoever looks at the row, which has it within about a second.
    ///
    /// Does not wait. Values that make no sense are ignored, with one warning a task in the log.
    public func progress(_ done: Int, of total: Int? = nil, note: String? = nil) {
        guard let progress = Progress(done: done, total: total) else { return talk.warn(task) }
        talk.note(ProgressNote(progress, note: note), of: task)
    }

    /// Asks for a task to follow on this one: it is added in the transaction that deletes this task's row, together with all
    /// others that were asked for.
    ///
    /// All of them are added or none; none if the attempt fails or its claim was taken over. A task that the table does not take
    /// makes this one FAILED. One with a `dedupe_key` is not added where an equal one waits.
    ///
    /// - Throws: ``PermanentFailure`` beyond 100,000 tasks.
    public func add(_ task: NewTask) throws(PermanentFailure) { try add([task]) }

    /// Asks for tasks to follow on this one: see ``add(_:)-(NewTask)``.
    ///
    /// - Throws: ``PermanentFailure`` beyond 100,000 tasks; none of these is then taken.
    public func add(_ tasks: [NewTask]) throws(PermanentFailure) {
        guard talk.add(tasks, after: task) else { throw PermanentFailure(NewTask.tooManyFollowUps) }
    }

    /// The tasks that are to follow on this one, as asked for until now.
    public var followUps: [NewTask] { talk.followUps(of: task) }
}

extension NewTask {
    /// The most tasks that may follow on one: they are added in one transaction.
    public static let mostFollowUps = 100_000

    /// What is said of more.
    package static let tooManyFollowUps = """
        more than 100,000 tasks were to follow on this one, and none was added: \
        let it add fewer, for instance tasks that each add a part
        """
}
