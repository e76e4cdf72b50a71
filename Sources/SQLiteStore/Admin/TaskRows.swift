import Foundation
import TaskRun

/// How many rows wait, by what they wait for, and how many are FAILED.
struct TotalsRow {
    let waiting, failed: TableSummary.Total

    init(_ row: ResultRow) {
        let kinds = ["plain", "keyed", "crashed", "behind", "after_batch"] as [StaticString]
        waiting = TableSummary.Total(kinds.reduce(0) { $0 + Int(row.integer($1)) })
        failed = TableSummary.Total(Int(row.integer("failed")))
    }
}

extension CountedLine {
    init(_ row: ResultRow) {
        self.init(
            queue: row.text("queue"),
            name: row.text("task_name"),
            status: row.status("status"),
            count: Int(row.integer("number")),
            due: Int(row.integer("due")),
            oldestDue: row.moment("oldest_due")
        )
    }
}

extension TableSummary.Holder {
    init(_ row: ResultRow) {
        self.init(
            owner: row.textIfAny("lease_owner"),
            tasks: Int(row.integer("number")),
            firstLeaseEnd: row.moment("first_lease_end")
        )
    }
}
