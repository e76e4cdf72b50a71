import Platform
import TaskRun

/// The rows of `task_limits`.
struct Limits {
    let session: PostgreSQLSession

    func all() throws(PostgreSQLFailure) -> [TaskLimit] {
        try session.rows(of: Request(LimitSQL.all)).map { TaskLimit($0) }
    }

    /// Sets a limit, or removes it if it has no numbers.
    func set(_ limit: TaskLimit) throws(PostgreSQLFailure) {
        let subject = [limit.subject.kind, limit.subject.name]
        let numbers = [limit.running.map(String.init), limit.perMinute.map(String.init)]
        let request =
            numbers == [nil, nil] ? Request(LimitSQL.remove, subject) : Request(LimitSQL.set, subject + numbers)
        try session.exchange([.begin, SessionSettings.tolerance, request, .commit])
    }

    /// Begins a transaction and locks these limits; returns how many tasks they let start now.
    func beginWithQuota(of subjects: [TaskLimit.Subject], now: Date?) throws(PostgreSQLFailure) -> Int? {
        let values = Self.values(subjects)
        let opening = [
            Request.begin, Request(LimitSQL.lock, values), Request(LimitSQL.quota, values + [SQLText.moment(now)]),
        ]
        return try session.exchange(opening)[LimitSQL.quota].first?.integerIfAny("quota").map { Int($0) }
    }

    /// Counts tasks that start under these limits.
    func count(_ tasks: Int, startedUnder subjects: [TaskLimit.Subject], now: Date?) -> Request {
        Request(LimitSQL.count, Self.values(subjects) + [SQLText.moment(now), String(tasks)])
    }

    private static func values(_ subjects: [TaskLimit.Subject]) -> [String?] {
        [SQLText.array(subjects.map(\.kind)), SQLText.array(subjects.map(\.name))]
    }
}
