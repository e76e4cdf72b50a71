import Foundation
import GRDB
import TaskRun

/// Looks for waiting tasks without changing anything.
struct WaitingTasks {
    let database: Database

    /// Looks whether a run of these names and queues has anything to do.
    func look(names: [String], queues: QueueFilter?) throws -> Look {
        let now = SQLiteTime.text(Date())
        let holdsClaims = try database.finds(Statements.anyClaim)
        let waiting = try self.names(limit: Look.nameLimit)
        // Most names have no waiting task, so there is no need to search for them.
        let known = waiting.count < Look.nameLimit ? names.filter(Set(waiting).contains) : names
        let isDue =
            try !known.isEmpty
            && (!LaneSearch(names: known, queues: queues, now: now, atMost: 1, in: database).isNothing
                || LockLines(database: database).isAnyDue(names: known, queues: queues, now: now)
                || database.finds(Statements.anyCrashed, ["now": now]))
        return Look(
            holdsClaims: holdsClaims,
            isDue: try isDue || Expiry(database: database).isAnyExpired(now: now),
            hasLine: try database.finds(Statements.anyBehind),
            hasBatch: try database.finds(Statements.anyWaits),
            waitingNames: waiting,
            holdsExpired: try database.finds(Statements.anyExpiredResult, ["now": now]),
            hasLimits: try database.finds(Statements.limits)
        )
    }

    /// The names of WAITING tasks, sorted, found by stepping from name to name along the indexes.
    func names(limit: Int) throws -> [String] {
        guard limit > 0 else { return [] }
        var names = Set(try database.rows(Statements.crashedNames, ["limit": limit]))
        for query in [Statements.nextWaitingName, Statements.nextKeyedName] {
            var (last, steps) = ([UInt8](), 0)
            while steps < limit, let name = try database.first(query, ["name": Data(last)]),
                last.lexicographicallyPrecedes(name)
            {
                names.insert(String(decoding: name, as: UTF8.self))
                (last, steps) = (name, steps + 1)
            }
        }
        return Array(names.sorted().prefix(limit))
    }

    /// The queues that have a due task, sorted.
    func queues(names: [String], queues: QueueFilter?) throws -> [String] {
        let now = SQLiteTime.text(Date())
        let lanes = try [false, true].flatMap { keyed in
            try LaneSearch(names: names, queues: queues, keyed: keyed, now: now, in: database).due
        }
        return Set(lanes.map { String(decoding: $0.queue, as: UTF8.self) }).sorted()
    }
}
