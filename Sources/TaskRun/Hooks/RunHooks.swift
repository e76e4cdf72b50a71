/// Your code that is called when something happens in a run: one function per event, of which you write those you need.
///
/// ```swift
/// struct Alarm: RunHooks {
///     func onFailed(_ task: HookTask, error: String) async throws {
///         try await pager.send("\(task.name) \(task.id): \(error)")
///     }
/// }
/// ```
///
/// A hook never loses a task and never stops the run. If it throws, or takes longer than ``RunSettings/hookTimeout``,
/// the run logs a warning and goes on. ``beforePerform(_:)`` and ``afterPerform(_:outcome:took:)`` are called by the
/// workers, so for many tasks at once; all other functions are called one after the other.
public protocol RunHooks: Sendable {
    /// The events that it wants; default: all.
    ///
    /// A hook that leaves out ``HookEvent/beforePerform`` and ``HookEvent/afterPerform`` costs short tasks nothing.
    var events: Set<HookEvent> { get }
    /// Its origin, for people; default: the type's name.
    var origin: String { get }

    /// A run has begun.
    ///
    /// The run waits for this call before it claims anything. The call is cancelled if the run is asked to stop.
    func runStart(_ run: RunIdentity) async throws
    /// A task is about to be performed; the call is cancelled if the run stops or the lease is lost.
    ///
    /// - Returns: Whether to perform it. If there are more hooks, the first answer that is not ``HookAnswer/go``
    ///   counts.
    /// - Throws: Any error; the task is performed anyway.
    func beforePerform(_ task: HookTask) async throws -> HookAnswer
    /// A handler has ended; its end is not yet written to the table.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - outcome: How it ended; ``HandlerOutcome/cancelled`` after a request to cancel the task; nil if the lease is
    ///     lost and another run has the task.
    ///   - took: How long the handler took.
    /// - Throws: Any error; it is logged as a warning.
    func afterPerform(_ task: HookTask, outcome: HandlerOutcome?, took: Duration) async throws
    /// An attempt has failed, the last one included; called once this is written to the table.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - error: Why.
    ///   - retryAfter: When it is tried again, or nil for never. ``onFailed(_:error:)`` follows, unless the task was
    ///     removed because an equal one waits, or was cancelled.
    ///   - took: How long the handler took.
    /// - Throws: Any error; it is logged as a warning.
    func onFailure(_ task: HookTask, error: String, retryAfter: Duration?, took: Duration) async throws
    /// A task was given up and is FAILED in the table.
    ///
    /// The reason is its last attempt, a permanent failure, too many crashes, or that it was not begun by its
    /// `expires_at`.
    func onFailed(_ task: HookTask, error: String) async throws
    /// A command has added tasks; called once for all that it added.
    func afterAdd(_ added: HookAddition) async throws
    /// The run has performed something since the last call, and nothing more is due.
    ///
    /// - Parameter report: What the run has done so far.
    /// - Throws: Any error; it is logged as a warning.
    func queueEmpty(_ report: RunReport) async throws
    /// The run ends.
    func runEnd(_ report: RunReport) async throws
}

extension RunHooks {
    /// All events.
    public var events: Set<HookEvent> { Set(HookEvent.allCases) }
    /// The type's name.
    public var origin: String { "Swift type \(Self.self)" }
    /// Does nothing.
    public func runStart(_ run: RunIdentity) async throws {}
    /// Lets the task be performed.
    public func beforePerform(_ task: HookTask) async throws -> HookAnswer { .go }
    /// Does nothing.
    public func afterPerform(_ task: HookTask, outcome: HandlerOutcome?, took: Duration) async throws {}
    /// Does nothing.
    public func onFailure(_ task: HookTask, error: String, retryAfter: Duration?, took: Duration) async throws {}
    /// Does nothing.
    public func onFailed(_ task: HookTask, error: String) async throws {}
    /// Does nothing.
    public func afterAdd(_ added: HookAddition) async throws {}
    /// Does nothing.
    public func queueEmpty(_ report: RunReport) async throws {}
    /// Does nothing.
    public func runEnd(_ report: RunReport) async throws {}
}
