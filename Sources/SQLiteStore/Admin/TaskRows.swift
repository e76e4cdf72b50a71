import Foundation
import TaskRun

extension TableSummary.Line {
    /// Reads a line, or returns nil if its state is not one of taskrun's.
    init?(_ row: ResultRow) {
        guard let status = TaskStatus(rawValue: row.text("status")) else { return nil }
        self.init(
            queue: row.text("queue"),
            name: row.text("task_name"),
            status: status,
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
