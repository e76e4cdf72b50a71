/// Rows that say of themselves what no program of taskrun's writes, for `taskrun check`: at most a few numbers of each kind.
package struct OddRows: Sendable {
    /// In hand for longer than any run's lease.
    package var farLeases: [Int64]
    /// Waiting for a day more than a month ahead with their lock key held, so that all others of the key wait as well.
    package var farHolders: [Int64]
    /// Numbers above 2^62.
    package var greatIDs: [Int64]

    /// So many of each kind are named.
    package static let most = 5

    /// Creates them from their parts.
    package init(farLeases: [Int64], farHolders: [Int64], greatIDs: [Int64]) {
        (self.farLeases, self.farHolders, self.greatIDs) = (farLeases, farHolders, greatIDs)
    }

    /// What there is to say; nothing where there are none.
    package var findings: [Finding] {
        let kinds: [([Int64], String, String, String)] = [
            (
                farLeases, "leases", "in hand for longer than any run can have said",
                "Runs cut such a lease to one lease length. See who may change tasks: docs/permissions.md"
            ),
            (
                farHolders, "lock keys", "keep their lock_key while they wait for more than a month",
                "Bring them forward (taskrun retry ID --now) or delete them: all others of their key wait for them."
            ),
            (
                greatIDs, "ids", "with numbers above 2^62",
                "Give them other ids by SQL. On SQLite no task can be added before."
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
