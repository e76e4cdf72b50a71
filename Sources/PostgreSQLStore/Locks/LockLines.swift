import Platform
import TaskRun

/// The tasks with one lock key, in their order: only the first of them may be claimed.
struct LockLines {
    /// The most rows that one call of ``repair(now:)`` looks at, from each of its two looks.
    private static let repairLimit = 1000

    let session: PostgreSQLSession

    func needsRepair() throws(PostgreSQLFailure) -> Bool {
        let looks = [
            Request(LockSQL.crashedWithoutKey, ["1"]), Request(LockSQL.deserted, [nil, String(Self.repairLimit)]),
            Request(BatchSQL.ended, ["", "1"]),
        ]
        let answers = try session.exchange(looks)
        return looks.contains { !answers[$0.statement].isEmpty }
    }

    /// Repairs lock keys whose next row no claim looks at, and returns how many.
    func repair(now: Date?) throws(PostgreSQLFailure) -> Int {
        let moment = SQLText.moment(now)
        let looks = [
            Request(LockSQL.crashedWithoutKey, [String(Self.repairLimit)]),
            Request(LockSQL.deserted, [moment, String(Self.repairLimit)]),
        ]
        let answers = try session.exchange(looks)
        let keys = Set(looks.flatMap { answers[$0.statement].map { $0.text("lock_key") } }).sorted()
        guard !keys.isEmpty else { return 0 }
        if try repair(keys, with: [.begin, SessionSettings.patience], moment) { return keys.count }
        // Each alone: one whose row is refused or locked keeps no other one waiting.
        var count = 0
        for key in keys where try repair([key], with: [.begin], moment) { count += 1 }
        return count
    }

    /// Repairs these keys, or none of them if a row is refused or locked.
    private func repair(
        _ keys: [String],
        with opening: [Request],
        _ moment: String?
    ) throws(PostgreSQLFailure) -> Bool {
        do throws(PostgreSQLFailure) {
            try session.exchange(opening + LockSQL.repair(keys, now: moment) + [.commit])
            return true
        } catch {
            guard error.isRefusal || error.state == PostgreSQLFailure.lockTimeout else { throw error }
            try session.exchange([.rollback])
            return false
        }
    }

    /// The process that has the tables locked, or nil if none is found.
    func tableHolder() throws(PostgreSQLFailure) -> String? {
        try session.rows(of: Request(LockSQL.holder)).first?.textIfAny("holder")
    }
}
