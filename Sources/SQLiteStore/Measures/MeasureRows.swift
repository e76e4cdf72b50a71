import Foundation
import GRDB
public import TaskRun

/// What runs measure, within one transaction.
struct MeasureRows {
    /// How many old rows one run removes.
    private static let pruned = 20_000

    let database: Database
    let now: Date

    func add(_ measures: [TaskMeasure], of host: String) throws {
        let (text, json) = (SQLiteTime.text(now), measures.json)
        try database.run(Statements.measureAdd, ["now": text, "host": host, "measures": json])
        try database.run(Statements.totalAdd, ["now": text, "measures": json])
    }

    func prune() throws {
        let old: StatementArguments = ["now": SQLiteTime.text(now), "limit": Self.pruned]
        try database.run(Statements.measurePrune, old)
        try database.run(Statements.totalPrune, old)
    }

    func report(_ request: MeasureRequest) throws -> MeasureReport {
        var report = MeasureReport(request, now: now)
        let since = SQLiteTime.text(now.addingTimeInterval(-(request.since / .seconds(1))))
        try database.forEachRow(Statements.measures, ["since": since]) { row in
            report.add(row)
            return true
        }
        return report
    }

    func totals() throws -> [TaskMeasure] { try database.rows(Statements.measureTotals) }

    func oldestClaimable(names: [String]) throws -> [ClaimableQueue] {
        let arguments: StatementArguments = ["names": names.json, "now": SQLiteTime.text(now)]
        return try database.rows(Statements.oldestClaimable, arguments).compactMap(\.self)
    }
}

extension SQLiteStore: MeasureAdministration {
    /// Adds what tasks did; a file that another program writes is left alone.
    public func add(_ measures: [TaskMeasure], of host: String) async throws(StoreError) {
        try await hurry("cannot write measures", Self.hasteAtEnd) {
            try MeasureRows(database: $0, now: Date()).add(measures, of: host)
        }
    }

    /// Removes old measures.
    public func pruneMeasures() async throws(StoreError) {
        try await hurry("cannot write measures") { try MeasureRows(database: $0, now: Date()).prune() }
    }

    /// What was measured.
    public func measures(_ request: MeasureRequest) async throws(StoreError) -> MeasureReport {
        try await read("cannot read measures") { try MeasureRows(database: $0, now: Date()).report(request) }
    }

    /// The totals.
    public func totals() async throws(StoreError) -> [TaskMeasure] {
        try await read("cannot read measures") { try MeasureRows(database: $0, now: Date()).totals() }
    }

    /// The queues with a task that a run could claim now.
    public func oldestClaimable(names: [String]) async throws(StoreError) -> [ClaimableQueue] {
        try await read("cannot look for due tasks") {
            try MeasureRows(database: $0, now: Date()).oldestClaimable(names: names)
        }
    }
}
