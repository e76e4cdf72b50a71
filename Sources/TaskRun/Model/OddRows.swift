/// Rows with values that no program of taskrun writes, for `taskrun check`: at most a few of each kind.
package struct OddRows: Sendable {
    /// PROCESSING rows with a lease that is longer than any run's.
    package var farLeases: [Int64]
    /// Rows that hold their lock key and wait for a moment more than a month ahead, so that all others of the key wait
    /// too.
    package var farHolders: [Int64]
    /// Rows with an `id` above 2^62.
    package var greatIDs: [Int64]

    /// How many rows of each kind are listed.
    package static let most = 5

    /// Creates them from their parts.
    package init(farLeases: [Int64], farHolders: [Int64], greatIDs: [Int64]) {
        (self.farLeases, self.farHolders, self.greatIDs) = (farLeases, farHolders, greatIDs)
    }

    /// The findings about these rows; empty if there are none.
    package var findings: [Finding] {
        let kinds: [([Int64], String, String, String)] = [
            (
                farLeases, "leases", "have a lease that is longer than a run can set",
                "Runs cut such a lease to one lease length. See who may change tasks: docs/permissions.md"
            ),
            (
                farHolders, "lock keys", "keep their lock_key while they wait for more than a month",
                "Make them due (taskrun retry ID --now) or delete them: all other tasks with their key wait for them."
            ),
            (
                greatIDs, "ids", "with numbers above 2^62",
                "Give them other ids by SQL. On SQLite no task can be added until you have done that."
            ),
        ]
        return kinds.filter { !$0.0.isEmpty }.map { ids, subject, found, advice in
            let more = ids.count >= Self.most ? " and perhaps more" : ""
            return Finding(
                .warning,
                subject,
                "\(found): tasks \(ids.map(String.init).joined(separator: ", "))\(more)",
                advice: advice
            )
        }
    }
}
