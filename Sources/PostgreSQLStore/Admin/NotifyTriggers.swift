import Migrations
import TaskRun

/// The triggers that notify waiting runs of new tasks.
struct NotifyTriggers: Sendable {
    let store: PostgreSQLStore

    func areInstalled() async throws(StoreError) -> Bool {
        try await store.reach(to: "look for triggers") { try !$0.rows(of: Request(WaitSQL.channel)).isEmpty }
    }

    /// Installs or removes them in one transaction, and returns whether that changed anything.
    func set(_ isOn: Bool) async throws(StoreError) -> Bool {
        try await TableChange(store: store).run(to: isOn ? "install the triggers" : "remove the triggers") {
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
