public import TaskRun

extension PostgreSQLStore {
    /// Which ends are held by somebody's open transaction, and by whom: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: Those that are held.
    /// - Throws: What the database reports.
    public func held(among settlements: [Settlement]) async throws(StoreError) -> [ClaimProof: String] {
        guard !settlements.isEmpty else { return [:] }
        let keyed = settlements.filter { $0.lockKey != nil }
        let rows = Request(HeldSQL.rows, ClaimProof.arrays(settlements.map(\.proof)))
        let keys = Request(HeldSQL.keys, [SQLText.array(Set(keyed.compactMap(\.lockKey)).sorted().map(Optional.some))])
        return try await reach(to: "look who holds tasks") { session throws(PostgreSQLFailure) in
            let answers = try session.exchange([rows] + (keyed.isEmpty ? [] : [keys])).map(\.rows)
            var held: [ClaimProof: String] = [:]
            if answers.count > 1 {
                // By their bytes, as the table compares them; to Swift more texts are equal.
                let holders = Dictionary(
                    answers[1].map { ($0.bytes(0), $0.textIfAny(1)) },
                    uniquingKeysWith: { first, _ in first }
                )
                for settlement in keyed {
                    guard let key = settlement.lockKey, let holder = holders[Array(key.utf8)] else { continue }
                    held[settlement.proof] = "its lock key is held by \(holder ?? Self.somebody)"
                }
            }
            for row in answers[0] {
                let proof = ClaimProof(id: row.integer(0), number: row.integer(1))
                held[proof] = "its row is locked by \(row.textIfAny(2) ?? Self.somebody)"
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
        let rows = try session.exchange([Request(SettleSQL.lost, ClaimProof.arrays(lost))])[0].rows
        let gone = Set(rows.map { ClaimProof(id: $0.integer(0), number: $0.integer(1)) })
        return Exchange(
            results: zip(settlements, results).map { $1 == .leaseLost && !gone.contains($0.proof) ? .untouched : $1 },
            claimed: claimed,
            isPartial: isPartial,
            expired: expired,
            refusals: refusals
        )
    }
}

/// The statements that look who holds what an end needs.
enum HeldSQL {
    /// Who a session is, for a person.
    private static let holder = """
        format('process %s of the server (user %s, application "%s", %s)', holder.pid, holder.usename,
            holder.application_name, coalesce(holder.state, 'state not shown'))
        """

    /// The rows that are in this run's hand and that somebody has locked, with who that is; waits for none.
    ///
    /// The number of the transaction that has locked a row stands in the row. Values: ids, claim numbers.
    static let rows = Statement(
        "held_rows",
        """
        WITH free AS MATERIALIZED (
            SELECT tasks.id
            FROM unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
                JOIN ONLY tasks ON \(Probe.row("proof.id")) AND tasks.claim_no = proof.claim_no
            WHERE \(Probe.isInHand)
            FOR UPDATE OF tasks SKIP LOCKED
        )
        SELECT tasks.id, tasks.claim_no, (
                SELECT \(holder)
                FROM pg_locks AS lock JOIN pg_stat_activity AS holder ON holder.pid = lock.pid
                WHERE lock.locktype = 'transactionid' AND lock.granted AND lock.transactionid = tasks.xmax
                LIMIT 1
            )
        FROM unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
            JOIN ONLY tasks ON \(Probe.row("proof.id")) AND tasks.claim_no = proof.claim_no
        WHERE \(Probe.isInHand) AND tasks.id NOT IN (SELECT id FROM free)
        """
    )

    /// The lock keys that somebody else holds, with who that is; waits for none.
    ///
    /// Values: keys.
    static let keys = Statement(
        "held_keys",
        """
        WITH tried AS MATERIALIZED (
            SELECT key, number, pg_try_advisory_xact_lock(number) AS is_free
            FROM (SELECT key, \(LockSQL.number("key")) AS number FROM pg_catalog.unnest($1::text[]) AS key) AS asked
        )
        SELECT key, (
                SELECT \(holder)
                FROM pg_locks AS lock JOIN pg_stat_activity AS holder ON holder.pid = lock.pid
                WHERE lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 1
                    AND (lock.classid::bigint << 32 | lock.objid::bigint) = tried.number
                LIMIT 1
            )
        FROM tried
        WHERE NOT is_free
        """
    )
}
