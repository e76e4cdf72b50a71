import TaskRun

extension RunReport {
    /// The object with which `once --json` ends.
    ///
    /// `skipped` is the number of tasks that a hook kept from being performed, their rows deleted;
    /// `gave_way` of those that were gone because an equal one waits, and `expired` of those that became FAILED because
    /// they were not begun in time; `waiting` is the number of WAITING tasks left in the table, due or not, null if they could not be counted;
    /// `stuck`, of those whose end the database does not let be written in any form, is there only if there are any;
    /// `trouble` is there only if something kept the run from going on, or from beginning.
    func json(waiting: Int?, trouble words: String? = nil) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = [
            ("claimed", .number(claimed)),
            ("succeeded", .number(succeeded)),
            ("retried", .number(retried)),
            ("failed", .number(failed)),
            ("released", .number(released)),
            ("recovered", .number(recovered)),
            ("lease_lost", .number(leaseLost)),
            ("waiting", .number(waiting)),
            ("skipped", .number(skipped)),
            ("cancelled", .number(cancelled)),
            ("gave_way", .number(gaveWay)),
            ("expired", .number(expired)),
            ("seconds", .seconds(duration)),
        ]
        if stuck > 0 { members.append(("stuck", .number(stuck))) }
        if let text = words ?? trouble.map({ "\($0)" }) { members.append(("trouble", .text(text))) }
        return .object(members)
    }
}
