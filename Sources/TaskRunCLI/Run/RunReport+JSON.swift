import TaskRun

extension RunReport {
    /// The object that `once --json` prints at its end.
    ///
    /// `skipped` counts tasks that a hook kept from being performed; their rows are deleted. `gave_way` counts tasks
    /// that were removed because an equal task waits. `expired` counts tasks that became FAILED because they did not
    /// start in time. `waiting` counts the WAITING tasks left in the table, due or not; it is null if they could not be
    /// counted. `stuck` counts tasks whose end the database refused in every form; it is there only if there are any.
    /// `trouble` is there only if something kept the run from starting or from continuing.
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
