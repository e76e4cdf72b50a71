/// The rows that a store's claims pass over, as the table refuses to have them changed.
package struct AvoidedRows {
    /// The numbers of all of them.
    package private(set) var ids: Set<Int64> = []
    // Those that it refuses as long as others are claimed, and why: they are tried again.
    private var waiting: [Int64: String] = [:]
    // Those that were refused so at any time: what refuses one alone is then another task that is at work.
    private var besideOthers: Set<Int64> = []

    /// None.
    package init() {}

    /// Passes over rows from now on.
    ///
    /// - Returns: Those of them that the table refuses whatever the others are.
    package mutating func passOver(_ rows: [RefusedRow]) -> [RefusedRow] {
        for row in rows {
            ids.insert(row.id)
            if row.isForNow { besideOthers.insert(row.id) }
            if besideOthers.contains(row.id) { waiting[row.id] = row.cause }
        }
        return rows.filter { !besideOthers.contains($0.id) }
    }

    /// Lets rows be tried again that were refused beside others, once nothing else is due.
    ///
    /// - Returns: The exchange, which says so.
    package mutating func tryAgain(after exchange: Exchange) -> Exchange {
        guard exchange.claimed.isEmpty, !exchange.isPartial, let first = waiting.first else { return exchange }
        ids.subtract(waiting.keys)
        waiting = [:]
        return exchange.passingOver(because: first.value)
    }
}
