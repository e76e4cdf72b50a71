/// What one run did, in numbers.
public struct RunReport: Sendable, Equatable {
    /// Tasks claimed.
    public var claimed = 0
    /// Tasks that succeeded; their rows are deleted.
    public var succeeded = 0
    /// Tasks that are WAITING again for another attempt.
    public var retried = 0
    /// Tasks that became FAILED, by this run's handlers or because they crashed too often.
    public var failed = 0
    /// Tasks given back, the attempt not counted.
    public var released = 0
    /// Tasks that were cancelled on request.
    public var cancelled = 0
    /// Tasks taken over from dead runs.
    public var recovered = 0
    /// Tasks that would have become WAITING again, but were removed because an equal task waits.
    public var gaveWay = 0
    /// Tasks that were not begun in time and became FAILED when this run looked at the table; `failed` includes them.
    public var expired = 0
    /// Tasks that were not performed because a hook said so; their rows are deleted.
    public var skipped = 0
    /// Tasks whose handlers have ended and whose rows the database does not let be written in any form.
    ///
    /// No run performs them again, and a person must look.
    public var stuck = 0
    /// Claims that were taken over before they could be settled.
    public var leaseLost = 0
    /// Handlers that did not end when cancelled; only the end of the process ends them.
    public var abandoned = 0
    /// Names of WAITING tasks that have no handler here, sorted; empty if the settings name the tasks to perform.
    public var unknownNames: [String] = []
    /// Whether no host that ran within the last hour has a handler for these names; false if the runs of the other
    /// hosts could not be read.
    public var isUnknownToAllHosts = false
    /// The error that ended the run early, if any; the rows are safe and the next run goes on.
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
    /// A handler reports its progress.
    case progress(ClaimedTask, TaskContext.Progress, note: String?)
    /// A claim ended; `verdict` is nil if the handler settled it itself or the lease was lost.
    case ended(ClaimedTask, Verdict?, SettleResult, took: Duration)
    /// A task was not performed because a hook said so, and why; its row is deleted.
    case skipped(ClaimedTask, note: String?)
    /// A handler did not begin: its task is given back, and others of its name wait for a while.
    ///
    /// It is reported once per name; a shortage of the machine once per run.
    case heldBack(ClaimedTask, NotBegun)
    /// The database reported an error; the run goes on.
    case trouble(StoreError)
    /// For a while the end of a task could not be written, or a due task not be claimed.
    ///
    /// Another transaction has locked its row, or a row that a follow-up needs.
    case held(StoreError)
    /// Nothing is due, the run holds no task, and it stays.
    case waiting
    /// The run was asked to stop.
    case stopping
    /// The handlers of these tasks did not end when cancelled and are given up; their ends are reported as well.
    case abandoned([ClaimedTask])
}
