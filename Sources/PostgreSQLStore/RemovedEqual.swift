/// A row that was removed as a newer equal one is to wait: what is still to be done about it.
struct RemovedEqual: Sendable {
    let id: Int64
    let lockKey: String?
    let batch: String?

    /// Reads a row of ``EqualSQL/remove``.
    init(_ row: PostgreSQLResult.Row) {
        (id, lockKey, batch) = (row.integer("id"), row.textIfAny("lock_key"), row.textIfAny("batch"))
    }
}
