public import Platform

/// What a run wants to claim.
public struct ClaimRequest: Sendable, Equatable {
    /// Which rows, by the number of runs that died with them.
    public enum Share: Sendable, Equatable {
        /// At most `limit` rows, of which at most `crashed` may have `crashes` 1 or 2; none has more.
        ///
        /// `crashed` is the number of handlers that can begin at once, so such rows are never claimed ahead.
        case usual(limit: Int, crashed: Int)
        /// One row with `crashes` 3 or more, to be performed while the run holds no other task.
        case alone
        /// The row with this `id` and no other, if no run died while it held the row and it has no `lock_key`.
        ///
        /// It is not for ``TaskStore/claim(_:within:now:)``: where a limit has to be kept, other requests bring the
        /// row.
        case task(Int64)

        /// Whether it is for one row, which says nothing about other rows.
        var isOfOne: Bool { if case .usual = self { false } else { true } }

        /// The same share, limited to this number of rows.
        func atMost(_ number: Int) -> Share {
            guard number > 0, case .usual(let limit, let crashed) = self else {
                return number > 0 ? self : .usual(limit: 0, crashed: 0)
            }
            return .usual(limit: max(0, min(limit, number)), crashed: max(0, min(crashed, number)))
        }
    }

    /// The claiming run: the text of a ``RunIdentity``.
    public var owner: String
    /// The task names that can be performed; if empty, nothing is claimed.
    public var names: [String]
    /// The queues to claim from, or nil for all.
    public var queues: QueueFilter?
    /// Which rows, and how many.
    public var share: Share
    /// How long the claims hold unless renewed; default 300 s.
    public var lease: Duration
    /// How long the result of a task that has expired is kept.
    public var retention: ResultRetention
    /// The most bytes of `data`; the row that reaches this limit still belongs to the claim.
    ///
    /// Default 16 MiB, at least 1.
    public var bytes = 16 << 20

    /// Creates a request.
    public init(
        owner: String,
        names: [String],
        queues: QueueFilter? = nil,
        share: Share,
        lease: Duration = .seconds(300),
        retention: ResultRetention = ResultRetention()
    ) {
        self.owner = owner
        self.names = names
        self.queues = queues
        self.share = share
        self.lease = lease
        self.retention = retention
    }

    /// The same request, limited to this number of rows, or not limited if nil.
    public func atMost(_ number: Int?) -> ClaimRequest {
        guard let number else { return self }
        var request = self
        request.share = share.atMost(number)
        return request
    }

    /// The request for another part after these tasks were claimed, or nil if nothing is left to claim.
    func rest(after claimed: [ClaimedTask], of part: ClaimShare) -> ClaimRequest? {
        var rest = self
        (rest.names, rest.queues) = (part.names, part.queues)
        rest.bytes -= claimed.reduce(0) { $0 + $1.data.count }
        guard rest.bytes > 0 else { return nil }
        switch share {
        case .alone, .task: return claimed.isEmpty ? rest : nil
        case .usual(let limit, let crashed):
            guard claimed.count < limit else { return nil }
            let careful = claimed.count { $0.crashes > 0 }
            rest.share = .usual(limit: limit - claimed.count, crashed: max(0, crashed - careful))
            return rest.atMost(max(1, limit / part.parts))
        }
    }

    /// Rows with this many crashes or more are performed alone.
    ///
    /// After fewer crashes, another task of the same run may be the cause.
    public static let crashesUntilAlone = 3
}

/// The result of one settle-and-claim.
public struct Exchange: Sendable, Equatable {
    /// One result per settlement, in their order.
    public package(set) var results: [SettleResult]
    /// The claimed tasks, in due order.
    public package(set) var claimed: [ClaimedTask]
    /// Whether the store looked at only some of the rows, so that a claim at once may find more due rows.
    public package(set) var isPartial: Bool
    /// The tasks that were not begun in time and are FAILED now.
    public package(set) var expired: [ExpiredTask]
    /// The tasks that go on waiting although their batch has ended with the settlements.
    public let refusals: [BatchRefusal]
    /// The table version that a program must know to begin tasks, if this program does not know it; nothing was claimed
    /// then.
    public let newerVersion: Int?
    /// The rows found now that the table refuses to have claimed; they are passed over from now on.
    public let passedOver: [RefusedRow]
    /// Whether nothing was claimed although due rows were seen: another transaction had locked or just changed them.
    public package(set) var isPassedOver: Bool
    /// Why due rows can be claimed only after other tasks have ended, in the database's words; nil without such rows.
    public package(set) var waitsForOthers: String?
    /// Whether a task goes on waiting for its batch because another transaction has locked its row.
    ///
    /// See ``TaskStore/endBatches(after:now:)``.
    public let hasLockedFollower: Bool
    /// What the store saw when it looked at the tasks instead of claiming, and nothing was due; nil where it did not
    /// look.
    public package(set) var look: Look?

    /// Creates an exchange from its parts.
    public init(
        results: [SettleResult],
        claimed: [ClaimedTask],
        isPartial: Bool = false,
        expired: [ExpiredTask] = [],
        refusals: [BatchRefusal] = [],
        isPassedOver: Bool = false,
        waitsForOthers: String? = nil,
        hasLockedFollower: Bool = false,
        newerVersion: Int? = nil,
        passedOver: [RefusedRow] = [],
        look: Look? = nil
    ) {
        self.look = look
        self.passedOver = passedOver
        self.results = results
        self.claimed = claimed
        self.isPartial = isPartial
        self.expired = expired
        self.refusals = refusals
        self.newerVersion = newerVersion
        self.isPassedOver = isPassedOver
        self.waitsForOthers = waitsForOthers
        self.hasLockedFollower = hasLockedFollower
    }

    /// This exchange joined with a later one.
    package func followed(by other: Exchange) -> Exchange {
        Exchange(
            results: results + other.results,
            claimed: claimed + other.claimed,
            isPartial: isPartial || other.isPartial,
            expired: expired + other.expired,
            refusals: refusals + other.refusals,
            isPassedOver: isPassedOver || other.isPassedOver,
            waitsForOthers: waitsForOthers ?? other.waitsForOthers,
            hasLockedFollower: hasLockedFollower || other.hasLockedFollower,
            newerVersion: newerVersion ?? other.newerVersion,
            passedOver: passedOver + other.passedOver
        )
    }

    /// An empty exchange after which there may be more.
    package static let unfinished = Exchange(results: [], claimed: [], isPartial: true)

    /// The same exchange without claims, but with due rows that wait for others.
    func passingOver(because cause: String) -> Exchange {
        var exchange = self
        (exchange.claimed, exchange.isPartial, exchange.look) = ([], false, nil)
        (exchange.isPassedOver, exchange.waitsForOthers) = (true, cause)
        return exchange
    }

    /// The same exchange, marked as one after which there may be more.
    var asPart: Exchange {
        Exchange(results: results, claimed: claimed, isPartial: true, newerVersion: newerVersion)
    }

    /// The same exchange with these expired tasks.
    package func with(expired: [ExpiredTask]) -> Exchange {
        var exchange = self
        exchange.expired = expired
        return exchange
    }
}

/// The result of giving back claims that a run does not know of.
public struct GivenBack: Sendable, Equatable {
    /// How many were given back.
    public let count: Int
    /// Whether no more of them can appear: no open transaction can still commit one, and none was locked.
    public let isComplete: Bool

    /// Creates one from its parts.
    public init(count: Int, isComplete: Bool = true) { (self.count, self.isComplete) = (count, isComplete) }
}

/// A task that was not begun by its `expires_at`, and is FAILED.
public struct ExpiredTask: Sendable, Equatable {
    /// The most tasks that expire in one exchange, so that no lock is held for long.
    public static let most = 1000

    /// The task's `id`.
    public let id: Int64
    /// The task name.
    public let name: String

    /// Creates one from its parts.
    public init(id: Int64, name: String) { (self.id, self.name) = (id, name) }
}

/// What a run knows when it takes over the rows of dead runs.
public struct RecoverRequest: Sendable {
    /// Whether the owner of a lease, given by its text, is known to be dead; unknown owners are not.
    public var isDead: @Sendable (String) async -> Bool
    /// The lease length; a PROCESSING row without a lease end must be this old.
    ///
    /// Default 300 s.
    public var lease: Duration
    /// A task becomes FAILED after this many crashes in a row; default 5.
    public var crashLimit: Int
    /// The longest lease that a run may have: 1 day, as the setting `lease` says.
    public static let longestLease = Duration.seconds(86_400)
    /// How far two clocks may differ before a lease counts as one that no run can have set; 1 minute.
    public static let slack = Duration.seconds(60)
    /// A lease that ends later than this from now cannot be a run's: `ofRun` if its owner is a run, `ofOther` if not.
    ///
    /// The lease of another run may be longer than the lease of this run, so the limit for runs is higher.
    package var unbelievable: (ofRun: Duration, ofOther: Duration) {
        (max(lease, Self.longestLease) + Self.slack, lease + Self.slack)
    }
    /// How long the result of a task is kept that becomes FAILED or cancelled here.
    public var retention: ResultRetention
    /// The present moment, or nil for the deciding clock.
    public var now: Date?
    /// Receives each row that the database does not let be taken over, and why; the row stays as it is.
    public var refused: @Sendable (Int64, String) -> Void = { _, _ in }

    /// Creates a request.
    public init(
        isDead: @escaping @Sendable (String) async -> Bool = { _ in false },
        lease: Duration = .seconds(300),
        crashLimit: Int = 5,
        retention: ResultRetention = ResultRetention(),
        now: Date? = nil
    ) {
        self.isDead = isDead
        self.lease = lease
        self.crashLimit = crashLimit
        self.retention = retention
        self.now = now
    }
}

/// A row that was taken over from a dead run.
public struct RecoveredTask: Sendable, Equatable {
    /// The task's `id`.
    public let id: Int64
    /// The task name.
    public let name: String
    /// Its crashes in a row, this one included.
    public let crashes: Int
    /// WAITING, or FAILED if the limit was reached.
    public let status: TaskStatus
    /// Whether the row was removed because an equal task waits.
    public let gaveWay: Bool
    /// Whether the row was removed because of a request to cancel it.
    public let isCancelled: Bool

    /// Creates a recovered task from its parts.
    public init(
        id: Int64,
        name: String,
        crashes: Int,
        status: TaskStatus,
        gaveWay: Bool = false,
        isCancelled: Bool = false
    ) {
        self.id = id
        self.name = name
        self.crashes = crashes
        self.status = status
        self.gaveWay = gaveWay
        self.isCancelled = isCancelled
    }
}

/// An SQL script with the values for its names.
public struct Script: Sendable, Equatable {
    /// A value to be bound.
    public enum Value: Sendable, Equatable {
        /// SQL's NULL.
        case null
        /// True or false; 1 or 0 on SQLite.
        case bool(Bool)
        /// A whole number of at most 64 bits.
        case integer(Int64)
        /// Any other number, in its decimal digits.
        case number(String)
        /// Text; also an array or object, as JSON.
        case text(String)
    }

    /// The statements, separated by semicolons.
    public let sql: String
    /// The values by name, without the colon.
    public let values: [String: Value]

    /// Creates a script.
    public init(sql: String, values: [String: Value]) {
        self.sql = sql
        self.values = values
    }

    /// The value for a name, or nil if there is none.
    ///
    /// It is the value of the same key, or else of the only key that equals the name apart from white space at its ends
    /// (`"with_opts "` for `:with_opts`).
    public func value(named name: String) -> Value? {
        if let exact = values[name] { return exact }
        let near = values.filter { key, _ in
            key.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed().elementsEqual(name)
        }
        return near.count == 1 ? near.first?.value : nil
    }
}

/// The outcome of a script that was to settle a claim.
public enum ScriptOutcome: Sendable, Equatable {
    /// The script ran and the row is deleted.
    case done
    /// The claim was taken over; nothing was changed.
    case leaseLost
    /// The script has a name for which there is no value; nothing was changed.
    case missingValue(name: String)
    /// The database refused a statement, or the time limit passed; nothing was changed.
    case failed(error: String)
    /// There is a request to cancel the task; nothing was changed.
    case cancelled
    /// The database rolled back everything for a reason that is not the script's; nothing was changed.
    ///
    /// After a conflict with another transaction (a deadlock, a serialization failure) it may be run again at once.
    case undone(why: String, isConflict: Bool = false)
}
