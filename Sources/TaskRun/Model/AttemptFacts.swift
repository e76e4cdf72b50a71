/// What is known of an attempt when it ends, for what its task leaves in the history.
///
/// A class: a settlement with it is passed on many times.
public final class AttemptFacts: Sendable {
    /// The task as it was claimed.
    public let task: ClaimedTask
    /// When the attempt began.
    public let began: ContinuousClock.Instant
    /// How long the handler worked, or nil for a handler that settles its claim itself: it works until then.
    public let ran: Duration?
    /// How the handler's program ended, or nil if it had none of its own.
    public let program: ProgramFacts?
    /// Whether a hook kept the task from being performed.
    public let isSkipped: Bool

    /// Creates facts from their parts.
    public init(
        _ task: ClaimedTask,
        began: ContinuousClock.Instant = .now,
        ran: Duration? = nil,
        program: ProgramFacts? = nil,
        isSkipped: Bool = false
    ) {
        (self.task, self.began, self.ran, self.program, self.isSkipped) = (task, began, ran, program, isSkipped)
    }
}

/// How the program of an attempt ended.
public struct ProgramFacts: Sendable, Equatable {
    /// The exit status, or nil after a signal.
    public var exitCode: Int32?
    /// The signal that ended it, or nil.
    public var signal: Int32?
    /// The most memory that it, or one of the processes that it waited for, had at once, in bytes.
    ///
    /// Nil if it is not known: then it was less than the run itself had.
    public var peakMemory: Int64?

    /// Creates facts from their parts.
    public init(exitCode: Int32? = nil, signal: Int32? = nil, peakMemory: Int64? = nil) {
        (self.exitCode, self.signal, self.peakMemory) = (exitCode, signal, peakMemory)
    }
}
