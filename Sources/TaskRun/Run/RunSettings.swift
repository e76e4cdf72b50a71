/// How one run is to go.
///
/// The defaults are those of the command line.
public struct RunSettings: Sendable {
    /// Handlers at once, at least 1; counted over all runs of this host by ``HostSlots``.
    ///
    /// Default: 2; the command line says the number of cores.
    public var concurrency: Int
    /// How long the run claims new tasks; running handlers finish afterwards.
    ///
    /// Default 50 s; nil: until nothing is due.
    public var window: Duration?
    /// The most tasks to claim; nil: no limit.
    public var limit: Int?
    /// Perform only these names; nil: all that have a handler.
    public var only: [String]?
    /// Take from these queues: as long as the first has something due, from that alone, and so on; none: from all alike.
    public var queues: [QueueFilter]
    /// Take as much from each queue that has something due as from any other; default false.
    public var isFair: Bool
    /// How long a claim holds unless renewed; default 300 s.
    public var lease: Duration
    /// How often leases are renewed, all at once; default 60 s, at most a third of the lease.
    public var renewal: Duration
    /// How long running handlers may go on after a request to stop; default 25 s.
    public var grace: Duration
    /// How long a handler may take to end after it was cancelled; default 15 s.
    ///
    /// One that never ends is given up: its task is settled and the program must exit.
    public var patience: Duration
    /// The same after a second request to stop; default as ``patience``.
    public var patienceAtStop: Duration?
    /// How long the run waits for a database that is locked before it leaves its tasks to the next run; default 20 s.
    public var lockPatience: Duration
    /// The longest one attempt may take, where neither row, settings nor handler say; default 1 h.
    public var timeout: Duration
    /// Attempts and backoff, where neither row, settings nor handler say.
    public var retry: RetryPolicy
    /// What the settings say about single task names; goes before what the handler says.
    public var limits: [String: HandlerLimits]
    /// How long the result of a task with a token is kept, where neither settings nor handler say; default 24 h.
    public var keepResult: Duration
    /// The most bytes of a result that are kept, the first ones; default 16 MiB.
    public var maxResult: Int
    /// How long a hook may take at each call; default 10 s.
    public var hookTimeout: Duration
    /// Crashes in a row at which a task is FAILED; default 5.
    public var crashLimit: Int
    /// Whether a task that waits for its next attempt keeps others of its lock key from passing; default strict.
    public var lockOrder: LockOrder

    /// Creates the default settings.
    public init(concurrency: Int = 2) {
        self.concurrency = concurrency
        self.window = .seconds(50)
        self.limit = nil
        self.only = nil
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
        self.lockOrder = .strict
    }

    /// The time limit of one attempt: the row's, the settings', the handler's, the default, in this order.
    public func timeout(for task: ClaimedTask, handler: any Handler) -> Duration {
        task.timeout ?? limits[task.name]?.timeout ?? handler.limits.timeout ?? timeout
    }

    /// Attempts and backoff: the settings', the handler's, the default, in this order.
    public func retryPolicy(for handler: any Handler) -> RetryPolicy {
        limits[handler.name]?.retry ?? handler.limits.retry ?? retry
    }

    /// How long results are kept: as the settings, the handler, the default say, in this order.
    public func retention(_ registry: HandlerRegistry) -> ResultRetention {
        let ofHandlers = registry.all.map { ($0.name, $0.limits.keepResult) }
        let ofNames = limits.map { ($0.key, $0.value.keepResult) }
        let all = (ofHandlers + ofNames).compactMap { name, keep in keep.map { (name, $0) } }
        return ResultRetention(keepResult, names: Dictionary(all) { $1 })
    }
}

/// What becomes of a lock key while the task that holds it waits for its next attempt.
public enum LockOrder: String, Sendable, CaseIterable {
    /// The others of the key wait as well: the order is kept whatever happens.
    case strict
    /// The others of the key may pass.
    case loose
}
