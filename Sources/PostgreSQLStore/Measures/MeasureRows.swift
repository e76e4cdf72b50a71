import Platform
public import TaskRun

/// What runs measure, on one session.
///
/// Each statement is used once a minute at most, so none is kept prepared.
struct MeasureRows {
    /// How many old rows one run removes.
    private static let pruned = "20000"

    let session: PostgreSQLSession

    func add(_ measures: [TaskMeasure], of host: String) throws(PostgreSQLFailure) {
        let json = measures.json
        try session.exchange([
            Request(RunSQL.haste), Request(MeasureSQL.add, [host, json]), Request(MeasureSQL.addTotals, [json]),
        ])
    }

    func prune() throws(PostgreSQLFailure) {
        let limit = [Self.pruned]
        try session.exchange([
            Request(RunSQL.haste), Request(MeasureSQL.prune, limit), Request(MeasureSQL.pruneTotals, limit),
        ])
    }

    func report(_ request: MeasureRequest) throws(PostgreSQLFailure) -> MeasureReport {
        let list = Request(MeasureSQL.list, [SQLText.seconds(request.since)])
        let answers = try session.exchange(
            [Request(RunSQL.now), list],
            within: SessionSettings.maintenanceLimit
        )
        var report = MeasureReport(request, now: answers[RunSQL.now].only.moment("now") ?? Date())
        for row in answers[MeasureSQL.list] { report.add(MeasureRow(row)) }
        return report
    }

    func totals() throws(PostgreSQLFailure) -> [TaskMeasure] {
        try session.rows(of: Request(MeasureSQL.totals)).map { TaskMeasure($0) }
    }

    func oldestClaimable(names: [String]) throws(PostgreSQLFailure) -> [ClaimableQueue] {
        let request = Request(MeasureSQL.oldestClaimable, [SQLText.array(names)])
        return try session.rows(of: request, within: SessionSettings.maintenanceLimit).compactMap { ClaimableQueue($0) }
    }
}

extension PostgreSQLStore: MeasureAdministration {
    /// Adds what tasks did, in one round trip.
    public func add(_ measures: [TaskMeasure], of host: String) async throws(StoreError) {
        try await reach(to: "write measures") { try MeasureRows(session: $0).add(measures, of: host) }
    }

    /// Removes old measures, in one round trip.
    public func pruneMeasures() async throws(StoreError) {
        try await reach(to: "write measures") { try MeasureRows(session: $0).prune() }
    }

    /// What was measured.
    public func measures(_ request: MeasureRequest) async throws(StoreError) -> MeasureReport {
        try await reach(to: "read measures") { try MeasureRows(session: $0).report(request) }
    }

    /// The totals.
    public func totals() async throws(StoreError) -> [TaskMeasure] {
        try await reach(to: "read measures") { try MeasureRows(session: $0).totals() }
    }

    /// The queues with a task that a run could claim now.
    public func oldestClaimable(names: [String]) async throws(StoreError) -> [ClaimableQueue] {
        try await reach(to: "look for due tasks") { try MeasureRows(session: $0).oldestClaimable(names: names) }
    }
}
