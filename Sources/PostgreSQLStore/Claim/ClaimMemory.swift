import Platform
import Synchronization
import TaskRun

/// What a store remembers from one claim to the next.
///
/// A class: the store and its claims share it.
final class ClaimMemory: Sendable {
    let lanes = Mutex(LaneMemory())
    /// Rows that the table refuses to let be claimed, and that claims pass over.
    let avoided = Mutex(AvoidedRows())
    let expiryPriority = Mutex(ExpiryPriority())
    /// Whether `tasks` had triggers of another program that act after an UPDATE, at the last look at the schema.
    let hasTriggers = Mutex(false)
    private let lockRoom = Mutex(LockSQL.lookLimit)
    /// Whether the history is written.
    let history: HistoryKeeper

    init(history: HistoryKeeper = .off) { self.history = history }

    /// How many lock keys one transaction looks at or frees: each takes an advisory lock.
    ///
    /// The server has room for `max_locks_per_transaction` times `max_connections` locks of all sessions. After a
    /// statement that found no room, it is half as many.
    var lockBudget: Int { lockRoom.withLock { $0 } }

    /// Halves ``lockBudget`` if the server had no room for the locks.
    func note(_ failure: PostgreSQLFailure) {
        guard failure.state == PostgreSQLFailure.outOfMemory else { return }
        lockRoom.withLock { $0 = max(1, $0 / 2) }
    }

    /// The claim for a request, or nil if it asks for nothing.
    func claim(for request: ClaimRequest?, avoiding avoided: [Int64], now: Date?) -> Claim? {
        Claim(
            request,
            now: now,
            lookLimit: lockBudget,
            avoiding: avoided,
            checking: hasTriggers.withLock { $0 }
        )
    }
}
