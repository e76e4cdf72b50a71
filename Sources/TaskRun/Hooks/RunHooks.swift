/// Code of yours that is told what a run does: one function an event, of which you write those that you need.
///
/// ```swift
/// struct Alarm: RunHooks {
///     func onFailed(_ task: HookTask, error: String) async throws {
///         try await pager.send("\(task.name) \(task.id): \(error)")
///     }
/// }
/// ```
///
/// A hook never loses a task and never stops the run: one that throws, or takes longer than ``RunSettings/hookTimeout``,
/// is told in a warning, and the run goes on. ``beforePerform(_:)`` and ``afterPerform(_:outcome:took:)`` are called in
/// the worker's place, so for many tasks at once; all others one after the other.
public protocol RunHooks: Sendable {
    /// What it wants to be told; default: everything.
    ///
    /// A hook that leaves out ``HookEvent/beforePerform`` and ``HookEvent/afterPerform`` costs short tasks nothing.
    var events: Set<HookEvent> { get }
    /// Where it comes from, for people; default: the type's name.
    var origin: String { get }

    /// A run has begun; it waits for this before it claims anything; cancelled where it is asked to stop.
    func runStart(_ run: RunIdentity) async throws
    /// A task is about to be performed; cancelled where the run stops or the lease is lost.
    ///
    /// - Returns: Whether to perform it. Where there are more hooks, the first answer that is not ``HookAnswer/go`` counts.
    /// - Throws: Anything: the task is performed all the same.
    func beforePerform(_ task: HookTask) async throws -> HookAnswer
    /// A handler has ended; its end is not yet written to the table.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - outcome: How it ended; ``HandlerOutcome/cancelled`` where somebody asked to cancel the task; nil: the lease is lost,
    ///     another run has the task.
    ///   - took: How long the handler took.
    /// - Throws: Anything: it is told in a warning.
    func afterPerform(_ task: HookTask, outcome: HandlerOutcome?, took: Duration) async throws
    /// An attempt has failed, the last one included; told once it is written to the table.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - error: Why.
    ///   - retryAfter: When it is tried again; nil: never. ``onFailed(_:error:)`` follows, unless the task gave way to an equal one or
    ///     was cancelled.
    ///   - took: How long the handler took.
    /// - Throws: Anything: it is told in a warning.
    func onFailure(_ task: HookTask, error: String, retryAfter: Duration?, took: Duration) async throws
    /// A task was given up: it is FAILED in the table, after its last attempt, a permanent failure, or too many crashes,
    /// or because it was not begun by its `expires_at`.
    func onFailed(_ task: HookTask, error: String) async throws
    /// A command has added tasks; once for all that it added.
    func afterAdd(_ added: HookAddition) async throws
    /// The run has performed something since it was last told, and nothing more is due.
    ///
    /// - Parameter report: What the run has done so far.
    /// - Throws: Anything: it is told in a warning.
    func queueEmpty(_ report: RunReport) async throws
    /// The run is at its end.
    func runEnd(_ report: RunReport) async throws
}

extension RunHooks {
    /// Everything.
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
