import TaskRun

/// Looks which ends cannot be written because an open transaction holds a lock that they need.
struct HeldEnds {
    private static let unknownHolder = "a transaction that has been open for long (see pg_stat_activity)"

    let session: PostgreSQLSession

    /// The ends that are held, each with what holds it.
    func find(among settlements: [Settlement]) throws(PostgreSQLFailure) -> [ClaimProof: String] {
        let keyed = settlements.filter { $0.lockKey != nil }
        let rows = Request(SettleSQL.heldRows, ClaimProof.arrays(settlements.map(\.proof)))
        let asked = Set(keyed.compactMap(\.lockKey)).sorted().map(Optional.some)
        let keys = Request(SettleSQL.heldKeys, [SQLText.array(asked)])
        let answers = try session.exchange([rows] + (keyed.isEmpty ? [] : [keys]))
        var held: [ClaimProof: String] = [:]
        // By their bytes, as the table compares them: to Swift more texts are equal.
        let holders = Dictionary(
            answers[SettleSQL.heldKeys].map { ($0.bytes("key"), $0.textIfAny("holder")) },
            uniquingKeysWith: { first, _ in first }
        )
        for settlement in keyed {
            guard let key = settlement.lockKey, let holder = holders[Array(key.utf8)] else { continue }
            held[settlement.proof] = "its lock key is held by \(holder ?? Self.unknownHolder)"
        }
        for row in answers[SettleSQL.heldRows] {
            held[ClaimProof(row)] = "its row is locked by \(row.textIfAny("holder") ?? Self.unknownHolder)"
        }
        return held
    }
}
