/// Conditions that leave the planner one way: to look up each number in the primary key.
///
/// The plain conditions leave it others, which are as cheap as that while the table is empty or a lease is rare, and the
/// plan is kept: to read the whole table in the order of its key (`tasks.id = proof.id`, for a merge join), or all leases
/// for each number (`tasks.status = 'PROCESSING'`, as the partial index `tasks_lease` has it).
enum Probe {
    /// The row whose number is that of another relation's row: not a condition that a merge join could use.
    static func row(_ number: String) -> String { "tasks.id = ANY (ARRAY[\(number)])" }

    /// The row is in a run's hand: not a condition that a partial index has.
    static let isInHand = "tasks.status || '' = 'PROCESSING'"

    /// The row has a token: not a condition that a partial index has.
    static let hasToken = "(tasks.token || '') IS NOT NULL"
}
