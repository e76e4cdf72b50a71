/// How one attempt ended, as the handler's side tells it.
///
/// What follows from it is ``Verdict``'s business.
public enum HandlerOutcome: Sendable, Equatable {
    /// The work is done. The result is what an executable printed or a Swift handler gave; empty for none. `size` is how
    /// many bytes there were, where some of them were not kept.
    case succeeded(result: [UInt8] = [], size: Int? = nil)
    /// This attempt failed. `retryAfter` goes before the policy's backoff.
    case failed(error: String, retryAfter: Duration? = nil)
    /// No attempt can succeed: the task is FAILED at once.
    case permanentlyFailed(error: String)
    /// Not now: back to WAITING, the attempt does not count. Without `after`, the policy's backoff.
    case later(after: Duration? = nil, note: String? = nil)
    /// Not performed, because a hook said so: done. The note says why.
    case skipped(note: String? = nil)
    /// The run was asked to stop before the handler had ended: back to WAITING, the attempt does not count.
    case stopped
    /// Ended before its time because somebody asked to cancel the task: taken back, and not tried again.
    case cancelled
    /// The handler did not begin, or nothing stayed of what it did: back to WAITING, the attempt does not count, and the run
    /// does not claim the name for a while.
    case notBegun(NotBegun)
    /// The handler settled the claim itself, in the transaction that did the work (an SQL file).
    case settled(SettleResult)
}

/// Which kind of handler: shown by `taskrun handlers`.
public enum HandlerKind: String, Sendable, Codable {
    /// A Swift type, compiled in.
    case swift
    /// A program in the handlers folder.
    case executable
    /// A program in the handlers folder that stays up for the run and performs many tasks.
    case stream
    /// An SQL file in the handlers folder.
    case sql
}

/// Something that performs tasks of one name: the form in which the run knows every kind of handler.
///
/// A Swift module is written against ``TaskHandler``, which is more convenient, and wrapped by ``SwiftHandler``.
public protocol Handler: Sendable {
    /// The task name it performs.
    var name: String { get }
    /// Which kind it is.
    var kind: HandlerKind { get }
    /// Where it comes from, for people: a type's or a file's name.
    var origin: String { get }
    /// Its own limits; the settings go before them.
    var limits: HandlerLimits { get }
    /// Performs one task. Never throws: how it ended is the outcome.
    ///
    /// It is cancelled when the deadline passes, the lease is lost, or the run stops; it then ends as soon as it can and
    /// says how it ended. What it says after a cancellation counts only if it is success.
    func perform(_ task: ClaimedTask, in context: TaskContext) async -> HandlerOutcome
    /// Performs a task, and then others of its name, one after the other, as long as `next` gives some.
    ///
    /// For handlers to which a hand-over between Swift tasks is dear. What is said of ``perform(_:in:)`` holds for each.
    ///
    /// - Parameters:
    ///   - task: The first task.
    ///   - context: Its context.
    ///   - next: Takes how a task ended and gives the next one, which begins with that; nil: it took nothing, and the
    ///     outcome is to be returned. Does not wait; may be called from any thread, until this function returns.
    /// - Returns: How the last task ended.
    func perform(_ task: ClaimedTask, in context: TaskContext, next: @escaping NextTask) async -> HandlerOutcome
    /// Ends what it keeps going between tasks; called once by the run at its end, when no task is being performed.
    ///
    /// Default: nothing.
    func close() async
}

/// Takes how a task ended and gives the next one; see ``Handler/perform(_:in:next:)``.
public typealias NextTask = @Sendable (HandlerOutcome) -> (task: ClaimedTask, context: TaskContext)?

extension Handler {
    /// Performs one task, and leaves the next one to others.
    public func perform(
        _ task: ClaimedTask,
        in context: TaskContext,
        next: @escaping NextTask
    ) async -> HandlerOutcome {
        await perform(task, in: context)
    }

    /// Nothing to end.
    public func close() async {}
}

/// What a handler asks for; nil: the defaults.
public struct HandlerLimits: Sendable, Equatable {
    /// The longest one attempt may take; default 1 h.
    ///
    /// The row's own `timeout_seconds` goes before it.
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
