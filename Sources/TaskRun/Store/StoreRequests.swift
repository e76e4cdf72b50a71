public import Platform

/// What a run wants to take in hand.
public struct ClaimRequest: Sendable, Equatable {
    /// Which rows, by how many runs died with them in hand.
    public enum Share: Sendable, Equatable {
        /// At most `limit` rows, of which at most `crashed` may have `crashes` 1 or 2; none has more.
        /// `crashed` is the number of handlers that can begin at once, so such rows are never claimed ahead.
        case usual(limit: Int, crashed: Int)
        /// One row with `crashes` 3 or more, to be performed with nothing else in hand.
        case alone

        /// The same, and not more than so many rows.
        func atMost(_ number: Int) -> Share {
            guard number > 0, case .usual(let limit, let crashed) = self else {
                return number > 0 ? self : .usual(limit: 0, crashed: 0)
            }
            return .usual(limit: max(0, min(limit, number)), crashed: max(0, min(crashed, number)))
        }
    }

    /// Who claims: the text of a ``RunIdentity``.
    public var owner: String
    /// The task names that can be performed; none: nothing is claimed.
    public var names: [String]
    /// The queues to take from; nil: all.
    public var queues: QueueFilter?
    /// Which rows and how many.
    public var share: Share
    /// How long the claims hold unless renewed; default 300 s.
    public var lease: Duration
    /// How long the result of a task that is found to have expired is kept.
    public var retention: ResultRetention
    /// So many bytes of `data` at most, and the rest of the row in which they are full; default 16 MiB, at least 1.
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

    /// The same, and not more than so many rows; nil: any number.
    public func atMost(_ number: Int?) -> ClaimRequest {
        guard let number else { return self }
        var request = self
        request.share = share.atMost(number)
        return request
    }

    /// What is still to be claimed after these, of another part; nil: nothing.
    func rest(after claimed: [ClaimedTask], of part: ClaimShare) -> ClaimRequest? {
        var rest = self
        (rest.names, rest.queues) = (part.names, part.queues)
        rest.bytes -= claimed.reduce(0) { $0 + $1.data.count }
        guard rest.bytes > 0 else { return nil }
        switch share {
        case .alone: return claimed.isEmpty ? rest : nil
        case .usual(let limit, let crashed):
            guard claimed.count < limit else { return nil }
            let careful = claimed.count { $0.crashes > 0 }
            rest.share = .usual(limit: limit - claimed.count, crashed: max(0, crashed - careful))
            return rest.atMost(max(1, limit / part.parts))
        }
    }

    /// Rows with this many crashes and more are performed alone: by then an innocent neighbour would have been told apart.
    public static let crashesUntilAlone = 3
}

/// What one settle-and-claim brought.
public struct Exchange: Sendable, Equatable {
    /// One result a settlement, in their order.
    public let results: [SettleResult]
    /// What was claimed, in due order.
    public let claimed: [ClaimedTask]
    /// Whether the store has not looked everywhere: fewer may have come than there are, so ask again at once.
    public let isPartial: Bool
    /// What was found not to have begun in time, and is FAILED now.
    public let expired: [ExpiredTask]
    /// Which tasks go on waiting although a batch for which they wait has ended with the settlements.
    public let refusals: [BatchRefusal]
    /// The version of the tables that a program must know to begin tasks, where this one does not: nothing was claimed.
    public let newerVersion: Int?
    /// Which rows the table does not let be claimed, as far as that was found now: they are passed over from now on.
    public let passedOver: [RefusedRow]
    /// Whether nothing was claimed, although due rows were seen: another transaction had them locked, or has changed them just now.
    public let isPassedOver: Bool
    /// Why the table lets due rows be claimed only once others have ended, in the database's words; nil: it does not keep any from that.
    public let waitsForOthers: String?
    /// Whether a task goes on waiting for its batch as another transaction has its row locked: see ``TaskStore/endBatches(after:now:)``.
    public let hasLockedFollower: Bool

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
        passedOver: [RefusedRow] = []
    ) {
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

    /// This one and another that was made behind it.
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

    /// Nothing, of which it is known that there may be more.
    package static let unfinished = Exchange(results: [], claimed: [], isPartial: true)

    /// The same without claims, but with due rows that wait for others.
    func passingOver(because cause: String) -> Exchange {
        Exchange(
            results: results,
            claimed: [],
            expired: expired,
            refusals: refusals,
            isPassedOver: true,
            waitsForOthers: cause,
            hasLockedFollower: hasLockedFollower,
            newerVersion: newerVersion,
            passedOver: passedOver
        )
    }

    /// The same, of which it is known that there may be more.
    var asPart: Exchange {
        Exchange(results: results, claimed: claimed, isPartial: true, newerVersion: newerVersion)
    }

    /// The same with these tasks that were not begun in time.
    package func with(expired: [ExpiredTask]) -> Exchange {
        Exchange(
            results: results,
            claimed: claimed,
            isPartial: isPartial,
            expired: expired,
            refusals: refusals,
            newerVersion: newerVersion,
            passedOver: passedOver
        )
    }
}

/// What came of giving back claims that a run does not know of.
public struct GivenBack: Sendable, Equatable {
    /// How many were given back.
    public let count: Int
    /// Whether there can be no more of them: no transaction is open any more that may still commit one, and none was locked.
    public let isComplete: Bool

    /// Creates one from its parts.
    public init(count: Int, isComplete: Bool = true) { (self.count, self.isComplete) = (count, isComplete) }
}

/// A task that was not begun by its `expires_at`, and is FAILED.
public struct ExpiredTask: Sendable, Equatable {
    /// The most that one exchange sets aside: no lock is held for long.
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
    /// Whether the owner of a lease is known to be dead, by its text; unknown owners are not.
    public var isDead: @Sendable (String) async -> Bool
    /// The lease length: how old a PROCESSING row without a lease end must be; default 300 s.
    public var lease: Duration
    /// At this many crashes in a row a task becomes FAILED; default 5.
    public var crashLimit: Int
    /// No run's lease is longer: 1 day, as the setting `lease` says.
    public static let longestLease = Duration.seconds(86_400)
    /// How far two clocks may be apart before a lease counts as one that no run can have set; 1 minute.
    public static let slack = Duration.seconds(60)
    /// From how far ahead an end of a lease is not believed: of a lease that a run set, and of one that somebody else did.
    ///
    /// Another run's lease may be longer than this one's.
    package var unbelievable: (ofRun: Duration, ofOther: Duration) {
        (max(lease, Self.longestLease) + Self.slack, lease + Self.slack)
    }
    /// How long the result of a task that ends by it is kept.
    public var retention: ResultRetention
    /// The moment to go by; nil: the deciding clock.
    public var now: Date?
    /// Is told of each row that the database does not let be taken over, and why; it stays as it is.
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
    /// WAITING, or FAILED where the limit was reached.
    public let status: TaskStatus
    /// Whether an equal task waits, which it gave way to: it is gone.
    public let gaveWay: Bool
    /// Whether it was to be cancelled: it is gone.
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

    /// The value for a name: that of the same key, or else that of the only key that is the name but for white space
    /// at its ends (`"with_opts "` for `:with_opts`); nil where there is none.
    public func value(named name: String) -> Value? {
        if let exact = values[name] { return exact }
        let near = values.filter { key, _ in
            key.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed().elementsEqual(name)
        }
        return near.count == 1 ? near.first?.value : nil
    }
}

/// What became of a script that was to settle a claim.
public enum ScriptOutcome: Sendable, Equatable {
    /// The script ran and the row is gone.
    case done
    /// The claim was taken over: nothing was changed.
    case leaseLost
    /// The script has a name that the values lack: nothing was changed.
    case missingValue(name: String)
    /// The database refused a statement, or the time limit passed: nothing was changed.
    case failed(error: String)
    /// Somebody has asked to cancel the task: nothing was changed.
    case cancelled
    /// The database undid everything for a reason of its own, not the script's: nothing was changed. After a conflict with
    /// another transaction (a deadlock, a serialization failure) it may be run again at once.
    case undone(why: String, isConflict: Bool = false)
}
