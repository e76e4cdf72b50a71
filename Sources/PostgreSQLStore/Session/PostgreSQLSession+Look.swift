import TaskRun

extension PostgreSQLSession {
    /// Sends requests of a look, whose statements have a time limit, and says so where one reaches it.
    func look(_ requests: [Request]) throws(PostgreSQLFailure) -> Answers {
        do throws(PostgreSQLFailure) {
            return try exchange(requests, within: SessionSettings.maintenanceLimit)
        } catch {
            throw error.state == PostgreSQLFailure.cancelled ? .late : error
        }
    }
}

extension PostgreSQLFailure {
    /// The state of a statement that reached its time limit, or that was cancelled.
    fileprivate static let cancelled = "57014"

    /// A look that was given up.
    static let late = PostgreSQLFailure(.locked, message: LookLimit.cause, advice: LookLimit.advice)
}
