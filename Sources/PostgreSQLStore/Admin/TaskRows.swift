import Platform
import TaskRun

extension Date {
    /// A moment from the database, in microseconds since 2000.
    init(microseconds: Int64) { self.init(timeIntervalSince1970: Double(microseconds) / 1_000_000 + 946_684_800) }
}

extension TableSummary {
    /// Reads the answers of a summary's statements.
    init(_ answers: Answers) {
        self.init(
            lines: answers[AdminSQL.lines].map { row in
                TableSummary.Line(
                    queue: row.text("queue"),
                    name: row.text("task_name"),
                    status: row.status("status"),
                    count: Int(row.integer("tasks")),
                    due: Int(row.integer("due")),
                    oldestDue: row.moment("oldest_due")
                )
            },
            holders: answers[AdminSQL.holders].map { row in
                TableSummary.Holder(
                    owner: row.textIfAny("lease_owner"),
                    tasks: Int(row.integer("tasks")),
                    firstLeaseEnd: row.moment("first_lease_end")
                )
            },
            horizon: answers[CheckSQL.horizonHolder].first.map { HorizonHolder($0).horizon },
            paused: answers[AdminSQL.paused].map { PausedQueue($0) }
        )
    }
}
