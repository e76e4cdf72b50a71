/// How one attempt ended, as the handler reports it.
///
/// The ``Verdict`` decides what follows from it.
public enum HandlerOutcome: Sendable, Equatable {
    /// The work is done.
    ///
    /// The result is what an executable printed or a Swift handler returned; it may be empty. `size` is how many bytes
    /// there were, if some of them were not kept.
    case succeeded(result: [UInt8] = [], size: Int? = nil)
    /// This attempt failed.
    ///
    /// `retryAfter` takes precedence over the policy's backoff.
    case failed(error: String, retryAfter: Duration? = nil)
    /// No attempt can succeed: the task is FAILED at once.
    case permanentlyFailed(error: String)
    /// Not now: the task is WAITING again, and the attempt does not count.
    ///
    /// Without `after`, the policy's backoff applies.
    case later(after: Duration? = nil, note: String? = nil)
    /// A hook decided that the task is not performed: it ends as if it were done.
    ///
    /// The note says why.
    case skipped(note: String? = nil)
    /// The run was asked to stop before the handler had ended: the task is WAITING again, and the attempt does not
    /// count.
    case stopped
    /// The handler was ended early by a request to cancel the task, which is not tried again.
    case cancelled
    /// The handler did not begin, or all that it did was rolled back.
    ///
    /// The task is WAITING again, the attempt does not count, and the run does not claim the name for a while.
    case notBegun(NotBegun)
    /// The handler settled the claim itself, in the transaction that did the work (an SQL file).
    case settled(SettleResult)
}

/// The kind of a handler, as `taskrun handlers` shows it.
public enum HandlerKind: String, Sendable, Codable {
    /// A Swift type, compiled in.
    case swift
    /// A program in the handlers folder.
    case executable
    /// A program in the handlers folder that runs as long as the run and performs many tasks.
    case stream
    /// An SQL file in the handlers folder.
    case sql
}

/// Performs tasks of one name: the form in which the run knows every kind of handler.
///
/// A Swift module is written against ``TaskHandler``, which is more convenient, and wrapped by ``SwiftHandler``.
public protocol Handler: Sendable {
    /// The task name it performs.
    var name: String { get }
    /// Its kind.
    var kind: HandlerKind { get }
    /// Its origin, for people: a type's or a file's name.
    var origin: String { get }
    /// Its own limits; the settings take precedence.
    var limits: HandlerLimits { get }
    /// Performs one task; it never throws, because the outcome says how it ended.
    ///
    /// It is cancelled when the deadline passes, the lease is lost, or the run stops. It then ends as soon as it can
    /// and returns how it ended. After a cancellation, only success counts as what it says.
    func perform(_ task: ClaimedTask, in context: TaskContext) async -> HandlerOutcome
    /// Performs a task, and then others of its name, one after the other, as long as `next` returns some.
    ///
    /// This is for handlers for which a hand-over between Swift tasks is expensive. Each task follows the rules of
    /// ``perform(_:in:)``.
    ///
    /// - Parameters:
    ///   - task: The first task.
    ///   - context: Its context.
    ///   - next: Takes how a task ended and returns the next one, which begins with that call. If it returns nil, it
    ///     has taken nothing, and the outcome is to be returned. It does not wait, and may be called from any thread
    ///     until this function returns.
    /// - Returns: How the last task ended.
    func perform(_ task: ClaimedTask, in context: TaskContext, next: @escaping NextTask) async -> HandlerOutcome
    /// Ends everything that it keeps running between tasks.
    ///
    /// The run calls it once, at its end, when no task is being performed. Default: nothing.
    func close() async
}

/// Takes how a task ended and returns the next one; see ``Handler/perform(_:in:next:)``.
public typealias NextTask = @Sendable (HandlerOutcome) -> (task: ClaimedTask, context: TaskContext)?

extension Handler {
    /// Performs one task, and takes no further one.
    public func perform(
        _ task: ClaimedTask,
        in context: TaskContext,
        next: @escaping NextTask
    ) async -> HandlerOutcome {
        await perform(task, in: context)
    }

    /// Does nothing: there is nothing to end.
    public func close() async {}
}

/// The limits that a handler asks for; nil for the defaults.
public struct HandlerLimits: Sendable, Equatable {
    /// The longest time that one attempt may take; default 1 h.
    ///
    /// The row's own `timeout_seconds` takes precedence.
    public var timeout: Duration?
    /// Attempts and backoff.
    public var retry: RetryPolicy?
    /// How long the result of a task with a token is kept; default 24 h.
    public var keepResult: Duration?

    /// Creates limits from their parts.
    public init(timeout: Duration? = nil, retry: RetryPolicy? = nil, keepResult: Duration? = nil) {
        self.timeout = timeout
        self.retry = retry
        self.keepResult = keepResult
    }
}
