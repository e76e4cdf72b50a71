import Platform
import TaskRun

extension Date {
    /// A moment from the database, in microseconds since 2000.
    init(microseconds: Int64) { self.init(timeIntervalSince1970: Double(microseconds) / 1_000_000 + 946_684_800) }
}

/// How many rows wait, and how many are FAILED.
struct Totals {
    let waiting, failed: TableSummary.Total

    init(_ row: some StoreRow) {
        let kinds = ["plain", "keyed", "crashed", "behind", "after_batch"] as [StaticString]
        waiting = TableSummary.Total(kinds.reduce(0) { $0 + Int(row.integer($1)) })
        failed = TableSummary.Total(Int(row.integer("failed")))
    }
}

extension CountedLine {
    /// Reads a line of waiting rows.
    fileprivate init(waiting row: some StoreRow) {
        self.init(
            queue: row.text("queue"),
            name: row.text("task_name"),
            status: .waiting,
            count: Int(row.integer("tasks")),
            due: Int(row.integer("due")),
            oldestDue: row.moment("oldest_due")
        )
    }

    /// Reads a line of FAILED rows.
    fileprivate init(failed row: some StoreRow) {
        self.init(
            queue: row.text("queue"),
            name: row.text("task_name"),
            status: .failed,
            count: Int(row.integer("tasks")),
            due: 0,
            oldestDue: nil
        )
    }
}

extension TableSummary {
    /// Reads the answers of a summary's statements.
    init(_ answers: Answers, _ totals: Totals, _ limits: CountLimits) {
        let ofLanes = [AdminSQL.countPlain, AdminSQL.countKeyed].flatMap { statement in
            answers[statement].map { CountedLine(waiting: $0).limited(to: limits.ofLane) }
        }
        let rest = answers[AdminSQL.countRest].map { row in
            var line = CountedLine(waiting: row)
            line.status = row.status("status")
            return line
        }
        let failed = answers[AdminSQL.countFailed].map { CountedLine(failed: $0) }
        self.init(
            lines: CountedLine.sums(ofLanes + rest + failed.limitedByName(to: limits.ofFailedName)),
            holders: answers[AdminSQL.holders].map { row in
                TableSummary.Holder(
                    owner: row.textIfAny("lease_owner"),
                    tasks: Int(row.integer("tasks")),
                    firstLeaseEnd: row.moment("first_lease_end")
                )
            },
            horizon: answers[CheckSQL.horizonHolder].first.map { HorizonHolder($0).horizon },
            paused: answers[AdminSQL.paused].map { PausedQueue($0) },
            waiting: totals.waiting,
            failed: totals.failed
        )
    }
}
