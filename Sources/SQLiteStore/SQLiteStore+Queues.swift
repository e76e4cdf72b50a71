import Foundation
import GRDB
public import TaskRun

extension SQLiteStore {
    /// The queues that have something due.
    public func dueQueues(names: [String], queues: QueueFilter?) async throws(StoreError) -> [String] {
        try await read("cannot look for queues") { database in
            let now = SQLiteTime.text(Date())
            let lanes =
                try database.lanes(names: names, queues: queues, now: now).due
                + database.lanes(names: names, queues: queues, keyed: true, now: now).due
            return Set(lanes.map { String(decoding: $0.queue, as: UTF8.self) }).sorted()
        }
    }

    /// Pauses a queue.
    public func pause(_ queue: String, for time: Duration?, why: String?, by who: String?) async throws(StoreError) {
        try await transaction("cannot pause queue \"\(queue)\"") { database in
            let now = Date()
            try database.run(
                Statements.pause,
                [
                    "queue": queue, "until": time.map { SQLiteTime.text(now.addingTimeInterval($0 / .seconds(1))) },
                    "now": SQLiteTime.text(now),
                    "why": why, "who": who,
                ]
            )
        }
    }

    /// The queues that are paused.
    public func pausedQueues() async throws(StoreError) -> [PausedQueue] {
        try await access("cannot read the pauses") { try $0.pausedQueues() }
    }

    /// Resumes queues.
    public func resume(_ queues: [String]) async throws(StoreError) -> [String] {
        try await transaction("cannot resume queues") { database in
            try database.rows(
                Statements.resume,
                ["queues": SQLiteJSON.text(queues), "now": SQLiteTime.text(Date())]
            ).sorted()
        }
    }
}

extension Database {
    /// The queues that are paused now, by name.
    func pausedQueues() throws -> [PausedQueue] {
        try rows(Statements.pauses, ["now": SQLiteTime.text(Date())])
    }
}

extension PausedQueue {
    /// The last year that a date can have: whoever writes it means for ever.
    private static let forEver = 5_373_119.5  // 9999-01-01

    static func reader(_ columns: Columns) -> (ResultRow) -> PausedQueue {
        let (queue, until, since) = (columns["queue"], columns["paused_until"], columns["paused_at"])
        let (why, who) = (columns["paused_why"], columns["paused_by"])
        return { row in
            PausedQueue(
                queue: row.text(queue),
                until: row.double(until) < forEver ? row.moment(until) : nil,
                since: row.moment(since) ?? Date(timeIntervalSince1970: 0),
                why: row.textIfAny(why),
                by: row.textIfAny(who)
            )
        }
    }
}
