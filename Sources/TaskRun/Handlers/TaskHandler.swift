import Synchronization

/// A handler written in Swift: a type that performs the tasks of one name.
///
/// ```swift
/// struct Greeting: TaskHandler {
///     struct Payload: Decodable, Sendable { let name: String }
///     static let taskName = "GREETING"
///     func perform(_ payload: Payload, in context: TaskContext) async throws {
///         print("Hello, \(payload.name)")
///     }
/// }
/// ```
///
/// It may be performed more than once for one task, because a machine can die between the work and the row's deletion.
/// Its work must allow that. It is cancelled at its deadline; a handler that ignores this keeps its slot.
public protocol TaskHandler: Sendable {
    /// The type into which the column `data` is decoded, as JSON; a payload that does not fit is a permanent failure.
    associatedtype Payload: Decodable & Sendable
    /// The task name that it performs: 1 to 200 characters.
    static var taskName: String { get }
    /// Its own limits; the settings take precedence.
    ///
    /// Default: none of its own.
    static var limits: HandlerLimits { get }
    /// Called before ``perform(_:in:)``, for each task with a valid payload.
    ///
    /// Default: nothing.
    ///
    /// Its time counts as the handler's.
    ///
    /// - Throws: As ``perform(_:in:)``, which is then not called.
    func setUp(in context: TaskContext) async throws
    /// Performs one task.
    ///
    /// - Throws: ``PermanentFailure`` if no attempt can succeed, ``TryAgainLater`` to try again without losing the
    ///   attempt, ``NotBegun`` if it could not begin at all. Any other error is a failed attempt, tried again after the
    ///   backoff.
    func perform(_ payload: Payload, in context: TaskContext) async throws
    /// Called once for each ``setUp(in:)``, even if that or ``perform(_:in:)`` threw or was cancelled.
    ///
    /// Default: nothing.
    ///
    /// It cannot change how the task ended. When the handler is cancelled, this function is not, so that it can wait
    /// for what it closes; it is cancelled 10 s after the handler. If it does not end even then, it is given up like
    /// any other handler that ignores cancellation.
    func tearDown(in context: TaskContext) async
}

extension TaskHandler {
    /// No limits of its own.
    public static var limits: HandlerLimits { HandlerLimits() }
    /// Nothing to set up.
    public func setUp(in context: TaskContext) async throws {}
    /// Nothing to tear down.
    public func tearDown(in context: TaskContext) async { context.tearDown?.isNothing.store(true, ordering: .relaxed) }
}

/// Whether a handler is known to tear nothing down, so that its tasks need no shield from cancellation.
///
/// A class because many tasks at once share it. Only the default implementation can set it, because nothing else can
/// know.
final class TearDownUse: Sendable {
    let isNothing = Atomic(false)
}

/// Thrown by a handler if no attempt can succeed: the task is FAILED at once.
public struct PermanentFailure: Error, Sendable, CustomStringConvertible {
    /// Why, for `last_error`.
    public let description: String

    /// Creates a permanent failure with its reason.
    public init(_ reason: String) { description = reason }
}

/// Thrown by a handler that cannot perform the task now.
///
/// The task is WAITING again, and the attempt does not count.
public struct TryAgainLater: Error, Sendable {
    /// How long to wait, or nil for the policy's backoff.
    public let delay: Duration?
    /// Why, for `last_error`.
    public let note: String?

    /// Creates the error.
    public init(after delay: Duration? = nil, note: String? = nil) {
        self.delay = delay
        self.note = note
    }
}

/// Thrown by a handler if this attempt failed and the next one must come after this long instead of the backoff.
public struct RetryAfter: Error, Sendable {
    /// How long to wait.
    public let delay: Duration
    /// Why, for `last_error`.
    public let error: String

    /// Creates a failure with its own wait.
    public init(_ delay: Duration, error: String) {
        self.delay = delay
        self.error = error
    }
}
