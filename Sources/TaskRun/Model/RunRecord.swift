public import Platform
import Text

/// A run as it introduces itself in the table `task_runs`: who it is, and what it can perform.
public struct RunRecord: Sendable, Equatable {
    /// The text of its ``RunIdentity``, as in `lease_owner`.
    public var run: String
    /// A mark that all runs of one crontab line share: they write into one row while they find nothing to do.
    public var origin: String
    /// The host's name.
    public var host: String
    /// The process number within its namespace.
    public var pid: Int32
    /// The user that it runs as.
    public var user: String
    /// The command line, without the database's address.
    public var command: String
    /// The version of the program.
    public var version: String
    /// The task names that it has handlers for.
    public var names: [String]
    /// The most handlers at once.
    public var slots: Int

    /// Creates a record from its parts.
    public init(
        run: String,
        origin: String,
        host: String,
        pid: Int32,
        user: String,
        command: String,
        version: String,
        names: [String],
        slots: Int
    ) {
        (self.run, self.origin, self.host, self.pid, self.user) = (run, origin, host, pid, user)
        (self.command, self.version, self.names, self.slots) = (command, version, names, slots)
    }

    /// The names as a JSON array.
    package var namesJSON: String { "[\(names.map(JSONText.quote).joined(separator: ","))]" }

    /// The texts of a JSON array; none for any other text.
    package static func names(json: [UInt8]) -> [String] {
        ((try? JSONScanner.elements(of: json)) ?? []).compactMap { JSONText.read($0[...]) }
    }
}

/// What a run has done, as it writes it down each minute and at its end.
public struct RunCounts: Sendable, Equatable {
    /// Tasks claimed.
    public var claimed: Int
    /// Tasks that succeeded.
    public var succeeded: Int
    /// Tasks that wait for another attempt.
    public var retried: Int
    /// Tasks that became FAILED.
    public var failed: Int
    /// Tasks given back.
    public var released: Int
    /// Tasks taken over from dead runs.
    public var recovered: Int
    /// Claims that were taken over before they were settled.
    public var leasesLost: Int

    /// Creates counts from their parts.
    public init(
        claimed: Int = 0,
        succeeded: Int = 0,
        retried: Int = 0,
        failed: Int = 0,
        released: Int = 0,
        recovered: Int = 0,
        leasesLost: Int = 0
    ) {
        (self.claimed, self.succeeded, self.retried, self.failed) = (claimed, succeeded, retried, failed)
        (self.released, self.recovered, self.leasesLost) = (released, recovered, leasesLost)
    }

    /// The counts of a report.
    public init(_ report: RunReport) {
        self.init(
            claimed: report.claimed,
            succeeded: report.succeeded,
            retried: report.retried,
            failed: report.failed,
            released: report.released,
            recovered: report.recovered,
            leasesLost: report.leaseLost
        )
    }
}

/// How a run ended.
public struct RunEnd: Sendable, Equatable {
    /// The exit status of its process.
    public var exitStatus: Int32
    /// What ended it early, or nil if nothing did.
    public var error: String?

    /// Creates an end from its parts.
    public init(exitStatus: Int32, error: String? = nil) { (self.exitStatus, self.error) = (exitStatus, error) }
}

/// A row of `task_runs`: a run, or all runs of one origin that found nothing to do.
public struct RunRow: Sendable, Equatable {
    /// Column `id`.
    public var id: Int64
    /// Who it is; in a shared row the newest run.
    public var record: RunRecord
    /// When it began.
    public var beganAt: Date?
    /// Column `seen_at`: when it last wrote its row.
    public var seenAt: Date?
    /// When it ended, or nil if it goes on or has died.
    public var endedAt: Date?
    /// The exit status.
    public var exitStatus: Int?
    /// What ended it early.
    public var error: String?
    /// Whether runs that found nothing to do share the row.
    public var isIdle: Bool
    /// How many runs share it.
    public var runs: Int64
    /// What it has done.
    public var counts: RunCounts

    /// Creates a row from its parts.
    public init(
        id: Int64,
        record: RunRecord,
        beganAt: Date? = nil,
        seenAt: Date? = nil,
        endedAt: Date? = nil,
        exitStatus: Int? = nil,
        error: String? = nil,
        isIdle: Bool = false,
        runs: Int64 = 1,
        counts: RunCounts = RunCounts()
    ) {
        (self.id, self.record, self.beganAt, self.seenAt, self.endedAt) = (id, record, beganAt, seenAt, endedAt)
        (self.exitStatus, self.error, self.isIdle, self.runs) = (exitStatus, error, isIdle, runs)
        self.counts = counts
    }
}

extension RunRow {
    /// Reads the columns of the statements that list runs.
    package init(_ row: some StoreRow) {
        self.init(
            id: row.integer("id"),
            record: RunRecord(
                run: row.text("run"),
                origin: row.text("origin"),
                host: row.text("host"),
                pid: Int32(truncatingIfNeeded: row.natural("pid")),
                user: row.text("user_name"),
                command: row.text("command"),
                version: row.text("version"),
                names: RunRecord.names(json: row.payload("names")),
                slots: row.count("slots")
            ),
            beganAt: row.moment("began_at"),
            seenAt: row.moment("seen_at"),
            endedAt: row.moment("ended_at"),
            exitStatus: row.number("exit_status", in: Int64(Int32.min)...Int64(Int32.max)).map { Int($0) },
            error: row.textIfAny("error"),
            isIdle: row.flag("is_idle"),
            runs: row.natural("runs"),
            counts: RunCounts(
                claimed: Int(row.natural("claimed")),
                succeeded: Int(row.natural("succeeded")),
                retried: Int(row.natural("retried")),
                failed: Int(row.natural("failed")),
                released: Int(row.natural("released")),
                recovered: Int(row.natural("recovered")),
                leasesLost: Int(row.natural("leases_lost"))
            )
        )
    }
}

/// The newest runs, all at one moment.
public struct RunList: Sendable, Equatable {
    /// The moment, on the deciding clock.
    public var now: Date
    /// The rows, those seen last first.
    public var rows: [RunRow]

    /// Creates a list from its parts.
    public init(now: Date, rows: [RunRow]) { (self.now, self.rows) = (now, rows) }
}

/// The task names that the hosts of the last hour have handlers for.
public struct ServedNames: Sendable, Equatable {
    private let hosts: [ByteText: Set<String>]

    /// Sums up what runs have said.
    ///
    /// - Parameter runs: For each of them the host and its task names.
    public init(_ runs: [(host: String, names: [String])]) {
        var hosts: [ByteText: Set<String>] = [:]
        for run in runs {
            for name in run.names { hosts[ByteText(name), default: []].insert(run.host) }
        }
        self.hosts = hosts
    }

    /// All names, sorted.
    public var names: [String] { hosts.keys.sorted().map(\.text) }

    /// The hosts that have a handler for a name, sorted.
    public func hosts(of name: String) -> [String] { (hosts[ByteText(name)] ?? []).sorted() }
}
