/// A row that was removed as a newer equal one is to wait: what is still to be done about it.
struct RemovedEqual: Sendable {
    let id: Int64
    let lockKey: String?
    let batch: String?

    /// Reads an answer of ``EqualSQL/remove``.
    static func all(_ answer: PostgreSQLResult) -> [RemovedEqual] {
        answer.rows.map { RemovedEqual(id: $0.integer(0), lockKey: $0.textIfAny(1), batch: $0.textIfAny(2)) }
    }
}
