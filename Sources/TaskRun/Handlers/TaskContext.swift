public import Logging
public import Platform

/// What a handler gets besides its payload: the task, the attempt, the deadline, and functions to report progress.
public struct TaskContext: Sendable {
    /// A handler's progress: `3` of `10`, and a note.
    ///
    /// The total is nil if it is unknown.
    public struct Progress: Sendable, Equatable {
        /// Steps done, not negative.
        public let done: Int
        /// Steps in all, at least `done`, or nil if unknown.
        public let total: Int?

        /// Creates progress; returns nil for values that make no sense: negative ones, or more steps done than in all.
        public init?(done: Int, total: Int? = nil) {
            guard done >= 0, total.map({ $0 >= done && $0 > 0 }) ?? true else { return nil }
            self.done = done
            self.total = total
        }
    }

    private let task: ClaimedTask
    private let messages: HandlerMessages
    /// How many attempts there are.
    public let maxAttempts: Int
    /// When the attempt is cancelled, on this machine's clock.
    public let deadline: Date
    /// Where the default implementation of ``TaskHandler/tearDown(in:)`` notes that it was called.
    var tearDown: TearDownUse?
    /// Where the result goes, or nil if no result is wanted.
    let result: TaskResult?
    /// The result record for a handler that settles its claim itself, or nil for a task without a token.
    public internal(set) var record: ResultRecord?
    /// What such a handler gives its settlement for the history, or nil if nothing is to be noted there.
    public internal(set) var facts: AttemptFacts?

    /// The task's `id`.
    public var taskID: Int64 { task.id }
    /// The task name.
    public var taskName: String { task.name }
    /// The queue it came from.
    public var queue: String { task.queue }
    /// Which attempt this is, from 1.
    public var attempt: Int { task.attempt }
    /// The batch that the task belongs to, or nil for none.
    public var batch: String? { task.batch }

    /// Creates a context; `report` is called with each progress.
    public init(
        task: ClaimedTask,
        maxAttempts: Int,
        deadline: Date,
        logger: Logger,
        report: (@Sendable (Progress, String?) -> Void)? = nil
    ) {
        let messages = HandlerMessages(logger: logger) { report?($1.progress, $1.note) }
        self.init(task: task, maxAttempts: maxAttempts, deadline: deadline, messages: messages)
    }

    /// Creates a context of a run.
    init(task: ClaimedTask, maxAttempts: Int, deadline: Date, messages: HandlerMessages) {
        self.task = task
        self.maxAttempts = maxAttempts
        self.deadline = deadline
        self.messages = messages
        self.result = task.token == nil ? nil : TaskResult()
    }

    /// Whether the task has a token, so that a program may fetch the result.
    public var isResultWanted: Bool { result != nil }

    /// Sets the result: it is kept in `task_results` if the handler succeeds and the task has a token.
    ///
    /// The last call counts; everything beyond the setting `max_result` is cut off. It costs nothing if no result is
    /// wanted.
    public func setResult(_ bytes: [UInt8]) { result?.value = bytes }

    /// Sets the result as text.
    public func setResult(_ text: String) { result?.value = Array(text.utf8) }

    /// A logger that adds the task's `id` and name to each line.
    ///
    /// The handlers of a name together log at most 100 lines a second; of a long line the first 8 KiB are logged.
    public var logger: Logger {
        var logger = messages.logger(for: taskName)
        logger[metadataKey: "task.id"] = "\(taskID)"
        logger[metadataKey: "task.name"] = "\(taskName)"
        return logger
    }

    /// Reports the handler's progress, for the terminal and for readers of the row, which has it within about a second.
    ///
    /// It does not wait. Values that make no sense are ignored, with one warning per task in the log.
    public func progress(_ done: Int, of total: Int? = nil, note: String? = nil) {
        guard let progress = Progress(done: done, total: total) else { return messages.warn(task) }
        messages.note(ProgressNote(progress, note: note), of: task)
    }

    /// Notes how the program that performed the task ended, for the history.
    public func note(_ program: ProgramFacts) { messages.note(program, of: task) }

    /// Asks for a follow-up: a task that is added in the transaction that deletes this task's row, with all other
    /// follow-ups.
    ///
    /// All of them are added or none; none if the attempt fails or its claim was taken over. A follow-up that the table
    /// refuses makes this task FAILED. One with a `dedupe_key` is not added if an equal task waits.
    ///
    /// - Throws: ``PermanentFailure`` beyond 100,000 tasks.
    public func add(_ task: NewTask) throws(PermanentFailure) { try add([task]) }

    /// Asks for follow-ups: see ``add(_:)-(NewTask)``.
    ///
    /// - Throws: ``PermanentFailure`` beyond 100,000 tasks; none of these tasks is then added.
    public func add(_ tasks: [NewTask]) throws(PermanentFailure) {
        guard messages.add(tasks, after: task) else { throw PermanentFailure(NewTask.tooManyFollowUps) }
    }

    /// The follow-ups of this task, as asked for until now.
    public var followUps: [NewTask] { messages.followUps(of: task) }
}

extension NewTask {
    /// The most follow-ups of one task: they are added in one transaction.
    public static let mostFollowUps = 100_000

    /// The error for more follow-ups.
    package static let tooManyFollowUps = """
        more than 100,000 follow-ups, and none was added: \
        let the handler add fewer, for instance tasks that each add a part
        """
}
