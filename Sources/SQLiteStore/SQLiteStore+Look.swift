import Foundation
import GRDB
public import TaskRun

extension SQLiteStore {
    /// Looks whether there is anything to do: see ``TaskRun/TaskStore``.
    public func look(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look {
        try await read("cannot look for tasks") { database in
            let now = SQLiteTime.text(Date())
            let holdsClaims = try database.finds(Statements.anyClaim)
            let waiting = try database.waitingNames(limit: Look.nameLimit)
            // Names that nobody waits for are the most part, and need not be looked for.
            let known = waiting.count < Look.nameLimit ? names.filter(Set(waiting).contains) : names
            let isDue =
                try !known.isEmpty
                && (!database.lanes(names: known, queues: queues, now: now, atMost: 1).isNothing
                    || database.isAnyKeyedDue(names: known, queues: queues, now: now)
                    || database.finds(Statements.anyCrashed, ["now": now]))
            return Look(
                holdsClaims: holdsClaims,
                isDue: try isDue || database.isAnyExpired(now: now),
                hasLine: try database.finds(Statements.anyBehind),
                hasBatch: try database.finds(Statements.anyWaits),
                waitingNames: waiting,
                holdsExpired: try database.finds(Statements.anyExpiredResult, ["now": now])
            )
        }
    }

    /// Reads in one transaction: one lock.
    func read<Value: Sendable>(
        _ subject: String,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await access(subject) { database in
            var value: Value?
            try database.inTransaction(.deferred) {
                value = try body(database)
                return .commit
            }
            guard let value else { preconditionFailure("a transaction that has ended has a value") }
            return value
        }
    }
}
