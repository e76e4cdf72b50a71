import TaskRun

extension RunReport {
    /// The object with which `once --json` ends.
    ///
    /// `waiting` is the number of WAITING tasks left in the table, due or not, null if they could not be counted;
    /// `trouble` is there only if something kept the run from going on.
    func json(waiting: Int?) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = [
            ("claimed", .number(claimed)),
            ("succeeded", .number(succeeded)),
            ("retried", .number(retried)),
            ("failed", .number(failed)),
            ("released", .number(released)),
            ("recovered", .number(recovered)),
            ("lease_lost", .number(leaseLost)),
            ("cancelled", .number(cancelled)),
            ("waiting", .number(waiting)),
            ("seconds", .seconds(duration)),
        ]
        if let trouble { members.append(("trouble", .text("\(trouble)"))) }
        return .object(members)
    }
}
