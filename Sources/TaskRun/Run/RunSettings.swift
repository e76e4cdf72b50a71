/// How one run behaves.
///
/// The defaults are those of the command line.
public struct RunSettings: Sendable {
    /// Handlers at once, at least 1; counted over all runs of this host by ``HostSlots``.
    ///
    /// Default: 2; the command line uses the number of cores.
    public var concurrency: Int
    /// How long the run claims new tasks; running handlers finish afterwards.
    ///
    /// Default 50 s; nil for until nothing is due.
    public var window: Duration?
    /// The most tasks to claim, or nil for no limit.
    public var limit: Int?
    /// The only names to perform, or nil for all that have a handler.
    public var only: [String]?
    /// The `id` of the only task to perform, or nil for all that are due.
    ///
    /// Such a run leaves the rest of the table alone, and leaves the task to other runs if a limit applies.
    public var task: Int64?
    /// The queues to claim from: from the first one alone as long as it has something due, and so on.
    ///
    /// If empty, all queues alike.
    public var queues: [QueueFilter]
    /// Whether to claim the same number of tasks from each queue that has something due; default false.
    public var isFair: Bool
    /// How long a claim holds unless renewed; default 300 s.
    public var lease: Duration
    /// How often leases are renewed, all at once; default 60 s, at most a third of the lease.
    public var renewal: Duration
    /// How long running handlers may go on after a request to stop; default 25 s.
    public var grace: Duration
    /// How long a handler may take to end after it was cancelled; default 15 s.
    ///
    /// A handler that never ends is given up: its task is settled and the program must exit.
    public var patience: Duration
    /// The same after a second request to stop; default as ``patience``.
    public var patienceAtStop: Duration?
    /// How long the run waits for a locked database before it leaves its tasks to the next run; default 20 s.
    public var lockPatience: Duration
    /// The longest time of one attempt, if neither row, settings nor handler set one; default 1 h.
    public var timeout: Duration
    /// Attempts and backoff, if neither row, settings nor handler set them.
    public var retry: RetryPolicy
    /// The settings for single task names; they take precedence over the handler's limits.
    public var limits: [String: HandlerLimits]
    /// How long the result of a task with a token is kept, if neither settings nor handler set it; default 24 h.
    public var keepResult: Duration
    /// How long FAILED tasks are kept, by name; default 30 days.
    public var keepFailed = ResultRetention(.seconds(30 * 86_400))
    /// Of this many runs that perform something, one removes old FAILED tasks; default 16.
    ///
    /// So most runs do not spend time on it.
    public var tidying = 16
    /// The most bytes of a result that are kept, the first ones; default 16 MiB.
    public var maxResult: Int
    /// How long each call of a hook may take; default 10 s.
    public var hookTimeout: Duration
    /// Crashes in a row at which a task is FAILED; default 5.
    public var crashLimit: Int
    /// Whether names without a handler are reported by each run, as for a person who watches; default: once an hour.
    ///
    /// Only a run with a ``RunRecord`` can know what others have reported.
    public var repeatsReports: Bool
    /// Whether a task that waits for its next attempt keeps others of its lock key from passing; default strict.
    public var lockOrder: LockOrder

    /// Creates the default settings.
    public init(concurrency: Int = 2) {
        self.concurrency = concurrency
        self.window = .seconds(50)
        self.limit = nil
        self.only = nil
        self.task = nil
        self.queues = []
        self.isFair = false
        self.lease = .seconds(300)
        self.renewal = .seconds(60)
        self.grace = .seconds(25)
        self.patience = .seconds(15)
        self.patienceAtStop = nil
        self.lockPatience = .seconds(20)
        self.timeout = .seconds(3600)
        self.retry = RetryPolicy()
        self.limits = [:]
        self.keepResult = ResultRecord.standardKeep
        self.maxResult = 16 << 20
        self.hookTimeout = .seconds(10)
        self.crashLimit = 5
        self.repeatsReports = false
        self.lockOrder = .strict
    }

    /// The time limit of one attempt: the row's, the settings', the handler's or the default, in this order.
    public func timeout(for task: ClaimedTask, handler: any Handler) -> Duration {
        task.timeout ?? limits[task.name]?.timeout ?? handler.limits.timeout ?? timeout
    }

    /// Attempts and backoff: the settings', the handler's or the default, in this order.
    public func retryPolicy(for handler: any Handler) -> RetryPolicy {
        limits[handler.name]?.retry ?? handler.limits.retry ?? retry
    }

    /// How long results are kept: as the settings, the handler or the default say, in this order.
    public func retention(_ registry: HandlerRegistry) -> ResultRetention {
        let ofHandlers = registry.all.map { ($0.name, $0.limits.keepResult) }
        let ofNames = limits.map { ($0.key, $0.value.keepResult) }
        let all = (ofHandlers + ofNames).compactMap { name, keep in keep.map { (name, $0) } }
        return ResultRetention(keepResult, names: Dictionary(all) { $1 })
    }
}

/// What happens to a lock key while the task that holds it waits for its next attempt.
public enum LockOrder: String, Sendable, CaseIterable {
    /// The others of the key wait as well: the order is always kept.
    case strict
    /// The others of the key may pass.
    case loose
}
