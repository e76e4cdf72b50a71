public import Platform
public import TaskRun

extension PostgreSQLStore {
    /// Whether a line or a batch needs repair: see ``TaskRun/TaskStore``.
    ///
    /// - Throws: What the database reports.
    public func isAnythingToMend() async throws(StoreError) -> Bool {
        let looks = [
            Request(LockSQL.crashedWithoutKey, ["1"]), Request(LockSQL.deserted, [nil, String(Self.mendLimit)]),
            Request(BatchSQL.ended, ["", "1"]),
        ]
        return try await reach(to: "look for lines and batches") { session throws(PostgreSQLFailure) in
            let answers = try session.exchange(looks)
            return looks.contains { !answers[$0.statement].isEmpty }
        }
    }

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
            let answers = try session.exchange(looks)
            let keys = Set(looks.flatMap { answers[$0.statement].map { $0.text("lock_key") } }).sorted()
            guard !keys.isEmpty else { return 0 }
            do throws(PostgreSQLFailure) {
                try session.exchange([.begin, SessionSettings.patience] + LockSQL.mend(keys, now: moment) + [.commit])
                return keys.count
            } catch {
                guard error.isRefusal || error.state == PostgreSQLFailure.lockTimeout else { throw error }
            }
            // Each for itself: one whose row is refused or locked keeps no other one waiting.
            try session.exchange([.rollback])
            var count = 0
            for key in keys {
                do throws(PostgreSQLFailure) {
                    try session.exchange([.begin] + LockSQL.mend([key], now: moment) + [.commit])
                    count += 1
                } catch {
                    guard error.isRefusal || error.state == PostgreSQLFailure.lockTimeout else { throw error }
                    try session.exchange([.rollback])
                }
            }
            return count
        }
    }
}
