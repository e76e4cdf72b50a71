public import Logging

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

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

    /// The task's `id`.
    public let taskID: Int64
    /// The task name.
    public let taskName: String
    /// The queue it came from.
    public let queue: String
    /// Which attempt this is, from 1.
    public let attempt: Int
    /// How many attempts there are.
    public let maxAttempts: Int
    /// When the attempt is cancelled, on this machine's clock.
    public let deadline: Date
    /// Where the default implementation of ``TaskHandler/tearDown(in:)`` says that it was called.
    var tearDown: TearDownUse?
    private let runLogger: Logger
    private let report: (@Sendable (Progress, String?) -> Void)?

    /// Creates a context; `report` is called with each progress.
    public init(
        task: ClaimedTask,
        maxAttempts: Int,
        deadline: Date,
        logger: Logger,
        report: (@Sendable (Progress, String?) -> Void)? = nil
    ) {
        self.taskID = task.id
        self.taskName = task.name
        self.queue = task.queue
        self.attempt = task.attempt
        self.maxAttempts = maxAttempts
        self.deadline = deadline
        self.runLogger = logger
        self.report = report
    }

    /// A logger that carries the task's number and name.
    public var logger: Logger {
        var logger = runLogger
        logger[metadataKey: "task.id"] = "\(taskID)"
        logger[metadataKey: "task.name"] = "\(taskName)"
        return logger
    }

    /// Says how far the handler is; values that make no sense are ignored.
    ///
    /// Costs nothing where nobody looks.
    public func progress(_ done: Int, of total: Int? = nil, note: String? = nil) {
        guard let report, let progress = Progress(done: done, total: total) else { return }
        report(progress, note)
    }
}
