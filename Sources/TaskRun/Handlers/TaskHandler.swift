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
/// It may be performed more than once for one task (a machine can die between the work and the row's deletion), so it
/// should be able to stand that. It is cancelled at its deadline; a handler that does not listen keeps its place.
public protocol TaskHandler: Sendable {
    /// What the column `data` is decoded into, as JSON. What does not fit is a permanent failure.
    associatedtype Payload: Decodable & Sendable
    /// The task name it performs: 1 to 200 characters.
    static var taskName: String { get }
    /// Its own limits; the settings go before them. Default: none of its own.
    static var limits: HandlerLimits { get }
    /// Called before ``perform(_:in:)``, for each task whose payload fits. Default: nothing.
    ///
    /// Its time counts as the handler's.
    ///
    /// - Throws: As ``perform(_:in:)``, which is then not called.
    func setUp(in context: TaskContext) async throws
    /// Performs one task.
    ///
    /// - Throws: ``PermanentFailure`` when no attempt can succeed, ``TryAgainLater`` to come back without losing the
    ///   attempt, ``NotBegun`` where it could not begin at all; anything else is a failed attempt, tried again after the backoff.
    func perform(_ payload: Payload, in context: TaskContext) async throws
    /// Called once for each ``setUp(in:)``, also if that or ``perform(_:in:)`` threw or was cancelled. Default: nothing.
    ///
    /// Cannot change how the task ended. It is not cancelled when the handler was, so that it can wait for what it
    /// closes; 10 s after the cancellation it is. One that does not end even then is given up like any other handler
    /// that does not listen.
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

/// Whether a handler is known to tear nothing down, so that its tasks need not pay for a shield from cancellation.
///
/// A class: many tasks at once share it. The default implementation says it, as nothing else can know.
final class TearDownUse: Sendable {
    let isNothing = Atomic(false)
}

/// Thrown by a handler: no attempt can succeed, the task is FAILED at once.
public struct PermanentFailure: Error, Sendable, CustomStringConvertible {
    /// Why, for `last_error`.
    public let description: String

    /// Creates a permanent failure with its reason.
    public init(_ reason: String) { description = reason }
}

/// Thrown by a handler: not now.
///
/// The task goes back to WAITING and the attempt does not count.
public struct TryAgainLater: Error, Sendable {
    /// How long to wait; nil: the policy's backoff.
    public let delay: Duration?
    /// Why, for `last_error`.
    public let note: String?

    /// Creates the wish to be called again.
    public init(after delay: Duration? = nil, note: String? = nil) {
        self.delay = delay
        self.note = note
    }
}

/// Thrown by a handler: this attempt failed, and the next one is to come after this long instead of the backoff.
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
