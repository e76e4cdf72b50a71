import Migrations
public import TaskRun

extension PostgreSQLStore {
    /// Whether the triggers are installed that tell waiting runs of new tasks: see ``TaskRun/TaskDesk``.
    ///
    /// - Throws: What the database reports.
    public func notifies() async throws(StoreError) -> Bool? {
        try await reach(to: "look for triggers") { session throws(PostgreSQLFailure) in
            try !session.rows(of: Request(WaitSQL.channel)).isEmpty
        }
    }

    /// Installs or removes those triggers, in one transaction: see ``TaskRun/TaskDesk``.
    ///
    /// - Returns: Whether anything had to be changed.
    /// - Throws: What the database reports; nothing is changed then.
    public func setNotify(_ isOn: Bool) async throws(StoreError) -> Bool {
        try await inSlices(to: isOn ? "install the triggers" : "remove the triggers") {
            session throws(PostgreSQLFailure) in
            let limit = SessionSettings.maintenanceLimit
            let before = [
                Request.begin, Request(SchemaSQL.patience), Request(SchemaSQL.lock), Request(WaitSQL.channel),
            ]
            let isThere = try !session.exchange(before, within: limit)[WaitSQL.channel].isEmpty
            guard isThere != isOn else { return false }
            try session.execute(isOn ? NotifyScript.on : NotifyScript.off, within: limit)
            try session.exchange([.commit])
            return true
        }
    }
}
