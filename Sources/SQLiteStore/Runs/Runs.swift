import Foundation
import GRDB
public import TaskRun

/// The rows of runs, within one transaction.
struct Runs {
    /// How many old rows one run removes.
    private static let pruned = 1000

    let database: Database
    let now: Date

    func noteIdle(_ run: RunRecord, age: Duration, end: RunEnd) throws {
        try database.run(Statements.runIdle, arguments(run, age).merging(arguments(end)) { $1 }.bound)
    }

    func begin(_ run: RunRecord, age: Duration, counts: RunCounts, end: RunEnd?) throws -> Int64 {
        let arguments = arguments(run, age).merging(arguments(counts)) { $1 }.merging(arguments(end)) { $1 }
        return try database.first(Statements.runBegin, arguments.merging(hasEnded(end)) { $1 }.bound) ?? 0
    }

    func prune() throws {
        let old: StatementArguments = ["now": SQLiteTime.text(now), "limit": Self.pruned]
        try database.run(Statements.runPrune, old)
        try database.run(Statements.reportPrune, old)
    }

    func note(_ row: Int64, counts: RunCounts, end: RunEnd?) throws -> Bool {
        let rest: Values = ["id": row, "now": SQLiteTime.text(now)]
        let arguments = rest.merging(arguments(counts)) { $1 }.merging(arguments(end)) { $1 }
        return try database.run(Statements.runNote, arguments.merging(hasEnded(end)) { $1 }.bound) > 0
    }

    func list(limit: Int) throws -> RunList {
        RunList(now: now, rows: try database.rows(Statements.runList, ["limit": max(0, limit)]))
    }

    func servedNames() throws -> ServedNames {
        ServedNames(try database.rows(Statements.runNames, ["now": SQLiteTime.text(now)]).map { ($0.host, $0.names) })
    }

    func takeReports(of names: [String]) throws -> [String] {
        try database.rows(Statements.reportTake, ["now": SQLiteTime.text(now), "names": names.json])
    }

    private typealias Values = [String: (any DatabaseValueConvertible)?]

    private func arguments(_ run: RunRecord, _ age: Duration) -> Values {
        [
            "run": run.run, "origin": run.origin, "host": run.host, "pid": run.pid, "user_name": run.user,
            "command": run.command, "version": run.version, "names": run.namesJSON, "slots": run.slots,
            "began": SQLiteTime.text(now.addingTimeInterval(-(age / .seconds(1)))), "now": SQLiteTime.text(now),
        ]
    }

    private func arguments(_ counts: RunCounts) -> Values {
        [
            "claimed": counts.claimed, "succeeded": counts.succeeded, "retried": counts.retried,
            "failed": counts.failed, "released": counts.released, "recovered": counts.recovered,
            "leases_lost": counts.leasesLost,
        ]
    }

    private func arguments(_ end: RunEnd?) -> Values {
        ["exit_status": end?.exitStatus, "error": end.flatMap(\.error)]
    }

    private func hasEnded(_ end: RunEnd?) -> Values { ["has_ended": end != nil] }
}

extension [String: (any DatabaseValueConvertible)?] {
    fileprivate var bound: StatementArguments { StatementArguments(self) }
}

/// What a run has handlers for.
struct NamesOfHost {
    let host: String
    let names: [String]

    init(_ row: ResultRow) {
        (host, names) = (row.text("host"), RunRecord.names(json: row.payload("names")))
    }
}

extension SQLiteStore: RunAdministration {
    /// How long these writes wait for another program's lock.
    static let haste = Duration.milliseconds(100)
    /// The same for the last one of a run that has a row: without it the row would look like that of a dead run.
    static let hasteAtEnd = Duration.seconds(1)

    /// Notes a run that found nothing to do; a file that another program writes is left alone.
    public func noteIdle(_ run: RunRecord, age: Duration, end: RunEnd) async throws(StoreError) {
        try await hurry { try Runs(database: $0, now: Date()).noteIdle(run, age: age, end: end) }
    }

    /// Adds the row of a run.
    public func begin(
        _ run: RunRecord,
        age: Duration,
        counts: RunCounts,
        end: RunEnd?
    ) async throws(StoreError) -> Int64 {
        try await hurry(end == nil ? Self.haste : Self.hasteAtEnd) {
            try Runs(database: $0, now: Date()).begin(run, age: age, counts: counts, end: end)
        }
    }

    /// Notes that a run is there, and perhaps how it ended.
    public func note(_ row: Int64, counts: RunCounts, end: RunEnd?) async throws(StoreError) -> Bool {
        try await hurry(end == nil ? Self.haste : Self.hasteAtEnd) {
            try Runs(database: $0, now: Date()).note(row, counts: counts, end: end)
        }
    }

    /// Removes old rows.
    public func pruneRuns() async throws(StoreError) { try await hurry { try Runs(database: $0, now: Date()).prune() } }

    /// The task names that the runs of the last hour have handlers for.
    public func servedNames() async throws(StoreError) -> ServedNames {
        try await access("cannot read the runs") { try Runs(database: $0, now: Date()).servedNames() }
    }

    /// Takes names to be reported.
    public func takeReports(of names: [String]) async throws(StoreError) -> [String] {
        try await hurry { try Runs(database: $0, now: Date()).takeReports(of: names) }
    }

    /// The newest runs.
    public func runs(limit: Int) async throws(StoreError) -> RunList {
        try await access("cannot read the runs") { try Runs(database: $0, now: Date()).list(limit: limit) }
    }

    private func hurry<Value: Sendable>(
        _ patience: Duration = SQLiteStore.haste,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await hurry("cannot note this run", patience, body)
    }

    /// Writes in one transaction that hardly waits for another program's lock.
    func hurry<Value: Sendable>(
        _ subject: String,
        _ patience: Duration = SQLiteStore.haste,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await access(subject) { database in
            try database.set(Pragma.patience(patience))
            defer { try? database.set(Pragma.patience(Self.patience)) }
            return try Self.transaction(.immediate, in: database, body)
        }
    }
}
