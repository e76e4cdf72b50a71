import TaskRun

extension PostgreSQLStore {
    /// Who has the tables locked at this moment: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: The server's process, with what it says of itself; nil: nobody, or it cannot be told.
    public func lockHolder() async -> String? {
        try? await reach(to: "look who holds the tables") { session throws(PostgreSQLFailure) in
            try session.rows(of: Request(LockSQL.holder)).first?.textIfAny("holder")
        }
    }
}
