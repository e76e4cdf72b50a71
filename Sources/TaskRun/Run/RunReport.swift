/// What one run did, in numbers.
public struct RunReport: Sendable, Equatable {
    /// Tasks claimed.
    public var claimed = 0
    /// Tasks performed, their rows deleted.
    public var succeeded = 0
    /// Tasks put back for another attempt.
    public var retried = 0
    /// Tasks that became FAILED, by this run's handlers or because they crashed too often.
    public var failed = 0
    /// Tasks given back, the attempt not counted.
    public var released = 0
    /// Tasks that were taken back, as somebody asked.
    public var cancelled = 0
    /// Tasks taken over from dead runs.
    public var recovered = 0
    /// Tasks that were to be put back and gave way to an equal one that waits: their rows are gone.
    public var gaveWay = 0
    /// Tasks that were not begun in time and became FAILED, by this run's look at the table; in `failed` as well.
    public var expired = 0
    /// Tasks that were not performed because a hook said so; their rows are deleted.
    public var skipped = 0
    /// Tasks whose handlers have ended and whose rows the database does not let be written in any form: no run performs them again,
    /// and a person has to look.
    public var stuck = 0
    /// Claims that were taken over before they could be settled.
    public var leaseLost = 0
    /// Handlers that did not end when cancelled; the program must exit to be rid of them.
    public var abandoned = 0
    /// Names of WAITING tasks that have no handler here, sorted; empty where the run was told which names to perform.
    public var unknownNames: [String] = []
    /// What kept the run from going on, where it ended early; the rows are safe and the next run goes on.
    public var trouble: StoreError?
    /// How long the run took.
    public var duration: Duration = .zero

    /// Creates an empty report.
    public init() {}
}

/// Something that happened during a run, as it happens: for a terminal, a log, a test.
public enum RunEvent: Sendable {
    /// Rows were taken over from dead runs.
    case recovered([RecoveredTask])
    /// These tasks were not begun in time and are FAILED now.
    case expired([ExpiredTask])
    /// A handler was given a task.
    case began(ClaimedTask)
    /// A handler says how far it is.
    case progress(ClaimedTask, TaskContext.Progress, note: String?)
    /// A claim ended. `verdict` is nil where the handler settled it itself or the lease was lost.
    case ended(ClaimedTask, Verdict?, SettleResult, took: Duration)
    /// A task was not performed because a hook said so, and why; its row is deleted.
    case skipped(ClaimedTask, note: String?)
    /// A handler did not begin: its task goes back, and others of its name wait for a while; told once a name, of a shortage
    /// of the machine once a run.
    case heldBack(ClaimedTask, NotBegun)
    /// The database made trouble; the run goes on.
    case trouble(StoreError)
    /// For a while the end of a task could not be written, or a due task not be claimed, as another transaction holds its row or what
    /// follows on it.
    case held(StoreError)
    /// Nothing is due or in hand, and the run stays.
    case waiting
    /// The run was asked to stop.
    case stopping
    /// The handlers of these tasks did not end when cancelled and are given up; their ends are told as well.
    case abandoned([ClaimedTask])
}
