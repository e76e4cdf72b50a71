public import TaskRun

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension PostgreSQLStore {
    /// What `taskrun check` says about this database: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: What was found, good or bad.
    /// - Throws: What the database reports.
    public func findings() async throws(StoreError) -> [Finding] {
        let facts = try await reach(to: "look at the server") { session throws(PostgreSQLFailure) in
            let before = Date()
            let row = try session.exchange([Request(FindingsSQL.server)])[0].rows[0]
            let machineTime = before.addingTimeInterval(Date().timeIntervalSince(before) / 2)
            let holder = try session.exchange([Request(HorizonSQL.holder)])[0].rows.first
            return ServerFacts(
                version: row.text(0),
                versionNumber: session.serverVersion,
                encoding: row.text(1),
                isInRecovery: row.bool(2),
                isReadOnly: row.bool(3),
                fsync: row.text(4),
                synchronousCommit: row.text(5),
                clockAhead: Double(row.integer(6)) / 1_000_000 - machineTime.timeIntervalSince1970,
                horizonHolder: holder.map { HorizonHolder($0) }
            )
        }
        return facts.findings(location: location) + [try await Self.notifyFinding(notifies() ?? false)]
    }
}

extension PostgreSQLStore {
    private static func notifyFinding(_ isOn: Bool) -> Finding {
        let found = isOn ? "wake waiting runs at the commit" : "none; waiting runs look twelve times a second"
        return Finding(.ok, "notify triggers", found)
    }
}

/// The statements of ``PostgreSQLStore/findings()``.
private enum FindingsSQL {
    static let server = Statement(
        once: """
            SELECT current_setting('server_version'),
                (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()),
                pg_is_in_recovery(),
                current_setting('transaction_read_only')::boolean,
                current_setting('fsync'),
                current_setting('synchronous_commit'),
                (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
            """
    )
}
