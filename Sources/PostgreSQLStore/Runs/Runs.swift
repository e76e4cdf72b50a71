import Platform
public import TaskRun

/// The rows of runs, on one session.
///
/// Each statement is used once a minute at most, so none is kept prepared.
struct Runs {
    /// How many old rows one run removes.
    private static let pruned = "1000"

    let session: PostgreSQLSession

    func noteIdle(_ run: RunRecord, age: Duration, end: RunEnd) throws(PostgreSQLFailure) {
        let values = run.values + [SQLText.seconds(age), String(end.exitStatus), end.error]
        try session.exchange([Request(RunSQL.haste), Request(RunSQL.idle, values)])
    }

    func begin(
        _ run: RunRecord,
        age: Duration,
        counts: RunCounts,
        end: RunEnd?
    ) throws(PostgreSQLFailure) -> Int64 {
        let values = run.values + [SQLText.seconds(age)] + Self.values(counts, end)
        let answers = try session.exchange([Request(RunSQL.haste), Request(RunSQL.begin, values)])
        return answers[RunSQL.begin].only.integer("id")
    }

    func prune() throws(PostgreSQLFailure) {
        let limit = [Self.pruned]
        try session.exchange([
            Request(RunSQL.haste), Request(RunSQL.prune, limit), Request(RunSQL.pruneReports, limit),
        ])
    }

    func note(_ row: Int64, counts: RunCounts, end: RunEnd?) throws(PostgreSQLFailure) -> Bool {
        let values = [String(row)] + Self.values(counts, end)
        return try session.exchange([Request(RunSQL.haste), Request(RunSQL.note, values)])
            .changedRows(of: RunSQL.note) > 0
    }

    func list(limit: Int) throws(PostgreSQLFailure) -> RunList {
        let list = Request(RunSQL.list, [String(max(0, min(limit, Int(Int32.max))))])
        let answers = try session.exchange([Request(RunSQL.now), list])
        let now = answers[RunSQL.now].only.moment("now") ?? Date()
        return RunList(now: now, rows: answers[RunSQL.list].map { RunRow($0) })
    }

    func servedNames() throws(PostgreSQLFailure) -> ServedNames {
        let rows = try session.rows(of: Request(RunSQL.names))
        return ServedNames(rows.map { ($0.text("host"), RunRecord.names(json: $0.bytes("names"))) })
    }

    func takeReports(of names: [String]) throws(PostgreSQLFailure) -> [String] {
        let take = Request(RunSQL.takeReports, [SQLText.array(names)])
        let answers = try session.exchange([Request(RunSQL.haste), take])
        return answers[RunSQL.takeReports].map { $0.text("task_name") }
    }

    private static func values(_ counts: RunCounts, _ end: RunEnd?) -> [String?] {
        let numbers = [
            counts.claimed, counts.succeeded, counts.retried, counts.failed, counts.released, counts.recovered,
            counts.leasesLost,
        ]
        return [end == nil ? "f" : "t", end.map { String($0.exitStatus) }, end?.error] + numbers.map { String($0) }
    }
}

extension RunRecord {
    /// The values that introduce a run.
    fileprivate var values: [String?] {
        [run, origin, host, String(pid), user, command, version, namesJSON, String(slots)]
    }
}

extension PostgreSQLStore: RunAdministration {
    /// Notes a run that found nothing to do, in one round trip.
    public func noteIdle(_ run: RunRecord, age: Duration, end: RunEnd) async throws(StoreError) {
        try await reach(to: "note this run") { try Runs(session: $0).noteIdle(run, age: age, end: end) }
    }

    /// Adds the row of a run, in one round trip.
    public func begin(
        _ run: RunRecord,
        age: Duration,
        counts: RunCounts,
        end: RunEnd?
    ) async throws(StoreError) -> Int64 {
        try await reach(to: "note this run") { try Runs(session: $0).begin(run, age: age, counts: counts, end: end) }
    }

    /// Notes that a run is there, and perhaps how it ended.
    public func note(_ row: Int64, counts: RunCounts, end: RunEnd?) async throws(StoreError) -> Bool {
        try await reach(to: "note this run") { try Runs(session: $0).note(row, counts: counts, end: end) }
    }

    /// Removes old rows, in one round trip.
    public func pruneRuns() async throws(StoreError) {
        try await reach(to: "note this run") { try Runs(session: $0).prune() }
    }

    /// The task names that the runs of the last hour have handlers for.
    public func servedNames() async throws(StoreError) -> ServedNames {
        try await reach(to: "read the runs") { try Runs(session: $0).servedNames() }
    }

    /// Takes names to be reported.
    public func takeReports(of names: [String]) async throws(StoreError) -> [String] {
        try await reach(to: "note what is reported") { try Runs(session: $0).takeReports(of: names) }
    }

    /// The newest runs.
    public func runs(limit: Int) async throws(StoreError) -> RunList {
        try await reach(to: "read the runs") { try Runs(session: $0).list(limit: limit) }
    }
}
