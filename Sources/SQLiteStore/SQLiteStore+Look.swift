import Foundation
import GRDB
public import TaskRun

extension SQLiteStore {
    /// Looks whether there is anything to do: see ``TaskRun/TaskStore``.
    public func look(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look {
        try await read("cannot look for tasks") { database in
            let now = SQLiteTime.text(Date())
            let holdsClaims = try Row.fetchOne(database.cachedStatement(sql: Statements.anyClaim)) != nil
            let waiting = try database.waitingNames(limit: Look.nameLimit)
            // Names that nobody waits for are the most part, and need not be looked for.
            let known = waiting.count < Look.nameLimit ? names.filter(Set(waiting).contains) : names
            let isDue =
                try !known.isEmpty
                && (!database.lanes(names: known, queues: queues, now: now, atMost: 1).isNothing
                    || database.isAnyKeyedDue(names: known, queues: queues, now: now)
                    || Row.fetchOne(database.cachedStatement(sql: Statements.anyCrashed), arguments: ["now": now])
                        != nil)
            let expired = try Row.fetchOne(
                database.cachedStatement(sql: Statements.anyExpiredResult),
                arguments: ["now": now]
            )
            return Look(
                holdsClaims: holdsClaims,
                isDue: try isDue || database.isAnyExpired(now: now),
                hasLine: try Row.fetchOne(database.cachedStatement(sql: Statements.anyBehind)) != nil,
                hasBatch: try Row.fetchOne(database.cachedStatement(sql: Statements.anyWaits)) != nil,
                waitingNames: waiting,
                holdsExpired: expired != nil
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
