public import TaskRun

extension PostgreSQLStore {
    /// Which ends are held by somebody's open transaction, and by whom: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: Those that are held.
    /// - Throws: What the database reports.
    public func held(among settlements: [Settlement]) async throws(StoreError) -> [ClaimProof: String] {
        guard !settlements.isEmpty else { return [:] }
        let keyed = settlements.filter { $0.lockKey != nil }
        let rows = Request(SettleSQL.heldRows, ClaimProof.arrays(settlements.map(\.proof)))
        let asked = Set(keyed.compactMap(\.lockKey)).sorted().map(Optional.some)
        let keys = Request(SettleSQL.heldKeys, [SQLText.array(asked)])
        return try await reach(to: "look who holds tasks") { session throws(PostgreSQLFailure) in
            let answers = try session.exchange([rows] + (keyed.isEmpty ? [] : [keys]))
            var held: [ClaimProof: String] = [:]
            // By their bytes, as the table compares them; to Swift more texts are equal.
            let holders = Dictionary(
                answers[SettleSQL.heldKeys].map { ($0.bytes("key"), $0.textIfAny("holder")) },
                uniquingKeysWith: { first, _ in first }
            )
            for settlement in keyed {
                guard let key = settlement.lockKey, let holder = holders[Array(key.utf8)] else { continue }
                held[settlement.proof] = "its lock key is held by \(holder ?? Self.somebody)"
            }
            for row in answers[SettleSQL.heldRows] {
                held[ClaimProof(row)] = "its row is locked by \(row.textIfAny("holder") ?? Self.somebody)"
            }
            return held
        }
    }

    private static let somebody = "a transaction that has been open for long (see pg_stat_activity)"

    /// Notes a task whose row cannot be written: see ``TaskRun/TaskStore``.
    ///
    /// - Throws: What the database reports.
    public func noteStuck(_ proof: ClaimProof, isDone: Bool, why: String) async throws(StoreError) {
        let request = Request(
            StuckSQL.note,
            [String(proof.id), String(proof.number), isDone ? "t" : "f", LastError.fit(why)]
        )
        try await reach(to: "note that task \(proof.id) has ended") { session throws(PostgreSQLFailure) in
            do throws(PostgreSQLFailure) {
                try session.exchange([request])
            } catch {
                throw error.isRefusal ? error.asRefusal : error
            }
        }
    }
}

extension Exchange {
    /// The same, where a row that was not changed still carries its claim with what that means.
    ///
    /// Decided by looking at the rows behind the statement that has changed nothing.
    func lookingAtUntouched(
        _ settlements: [Settlement],
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> Exchange {
        guard results.contains(.leaseLost) else { return self }
        let lost = zip(settlements, results).filter { $1 == .leaseLost }.map(\.0.proof)
        let gone = Set(try session.rows(of: Request(SettleSQL.lost, ClaimProof.arrays(lost))).map { ClaimProof($0) })
        return Exchange(
            results: zip(settlements, results).map { $1 == .leaseLost && !gone.contains($0.proof) ? .untouched : $1 },
            claimed: claimed,
            isPartial: isPartial,
            expired: expired,
            refusals: refusals
        )
    }
}
