import Foundation
import GRDB
import TaskRun

/// The limits on queues and task names: how many tasks may run at once, and how many may start in a minute.
struct Limits {
    let database: Database

    /// Sets a limit, or removes it if it has no number.
    func set(_ limit: TaskLimit) throws {
        let subject: StatementArguments = ["kind": limit.subject.kind, "name": limit.subject.name]
        if limit.running == nil, limit.perMinute == nil {
            try database.run(Statements.removeLimit, subject)
        } else {
            let numbers: StatementArguments = ["running": limit.running, "per_minute": limit.perMinute]
            try database.run(Statements.setLimit, subject + numbers)
        }
    }

    /// How many more tasks a limit allows to start, or nil for any number.
    func quota(of limit: TaskLimit.Subject, now: Date) throws -> Int? {
        let arguments: StatementArguments = ["kind": limit.kind, "name": limit.name, "now": SQLiteTime.text(now)]
        return try database.first(Statements.quota, arguments)?.least
    }

    /// Counts tasks that have started.
    func count(_ number: Int, startedUnder limit: TaskLimit.Subject, now: Date) throws {
        let now = SQLiteTime.text(now)
        try database.run(Statements.countBegun, ["kind": limit.kind, "name": limit.name, "now": now, "number": number])
    }
}

/// How many more tasks one limit allows to start.
struct Quota {
    /// The smaller of its two numbers, or nil for any number.
    let least: Int?

    init(_ row: ResultRow) {
        let left = [row.integerIfAny("running_left"), row.integerIfAny("minute_left")]
        least = left.compactMap(\.self).min().map { Int($0) }
    }
}
