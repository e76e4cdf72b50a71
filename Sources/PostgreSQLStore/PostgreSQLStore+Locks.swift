public import TaskRun

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension PostgreSQLStore {
    /// The most rows behind others that one call of ``mendLines(now:)`` looks at, from each of two places.
    private static let mendLimit = 1000

    /// Puts lines right that nothing leads on: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: How many keys.
    /// - Throws: What the database reports.
    public func mendLines(now: Date?) async throws(StoreError) -> Int {
        let moment = SQLText.moment(now)
        let looks = [
            Request(LockSQL.crashedWithoutKey, [String(Self.mendLimit)]),
            Request(LockSQL.deserted, [moment, String(Self.mendLimit)]),
        ]
        return try await reach(to: "put lock keys right") { session throws(PostgreSQLFailure) in
            let keys = Set(try session.exchange(looks).flatMap(\.rows).map { $0.text(0) }).sorted()
            guard !keys.isEmpty else { return 0 }
            try session.exchange([.begin, SessionSettings.patience] + LockSQL.mend(keys, now: moment) + [.commit])
            return keys.count
        }
    }
}
