import Foundation
import GRDB
import TaskRun

/// The queues that are paused, in `task_queues`.
struct Queues {
    let database: Database

    func pause(_ queue: String, for time: Duration?, why: String?, by who: String?) throws {
        let now = Date()
        let until = time.map { SQLiteTime.text(now.addingTimeInterval($0 / .seconds(1))) }
        try database.run(
            Statements.pause,
            ["queue": queue, "until": until, "now": SQLiteTime.text(now), "why": why, "who": who]
        )
    }

    func paused() throws -> [PausedQueue] {
        try database.rows(Statements.pauses, ["now": SQLiteTime.text(Date())])
    }

    func resume(_ queues: [String]) throws -> [String] {
        try database.rows(Statements.resume, ["queues": queues.json, "now": SQLiteTime.text(Date())]).sorted()
    }
}
