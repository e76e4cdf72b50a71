import Synchronization
import TaskRun

/// How many advisory locks one transaction takes: where the server has no room for them, fewer.
///
/// `max_locks_per_transaction` times `max_connections` is the room for all locks of all sessions.
extension PostgreSQLStore {
    /// So many lock keys one transaction looks at or lets go of.
    var lockBudget: Int { lockRoom.withLock { $0 } }

    /// Halves it where that is why a statement failed.
    func note(_ failure: PostgreSQLFailure) {
        guard failure.state == PostgreSQLFailure.outOfMemory else { return }
        lockRoom.withLock { $0 = max(1, $0 / 2) }
    }

    /// Runs `body` again with fewer locks as long as that may help.
    func takingFewer<Result>(_ body: () async throws(StoreError) -> Result) async throws(StoreError) -> Result {
        while true {
            let budget = lockBudget
            do throws(StoreError) {
                return try await body()
            } catch {
                guard lockBudget < budget else { throw error }
            }
        }
    }
}
