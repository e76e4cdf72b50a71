/// The statements that end, prolong and give back claims.
///
/// Each carries the proof of the claim in the statement that writes, and tells which rows it changed. The rows are
/// given, and so locked, in the order of their numbers: two runs that settle the same rows queue up and do not block each
/// other.
enum SettleSQL {
    /// Removes rows.
    ///
    /// Values: ids, claim numbers.
    static let delete = Statement(
        "settle_delete",
        isBinary: true,
        """
        DELETE FROM ONLY tasks
        USING unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
        WHERE \(Probe.row("proof.id")) AND tasks.claim_no = proof.claim_no AND \(Probe.isInHand)
        RETURNING tasks.id
        """
    )

    /// Puts rows back or aside, each in its own way.
    ///
    /// Values: ids, claim numbers, states, whether the attempt is given back (0 no, 1 yes, 2 as its handler asked), waits in seconds (NULL: `run_at` stays),
    /// errors (NULL: `last_error` stays), whether `crashes` begins anew, now.
    static let update = Statement(
        "settle_update",
        isBinary: true,
        """
        UPDATE ONLY tasks
        SET status = verdict.status,
            attempts = greatest(attempts - least(verdict.given_back, 1), 0),
            -- What asks to be given back in a circle waits for a second.
            run_at = CASE
                WHEN verdict.given_back = 2 AND postponed >= 2
                    THEN \(ClaimSQL.moment("$8")) + make_interval(secs => greatest(verdict.wait, 1))
                ELSE coalesce(\(ClaimSQL.moment("$8")) + make_interval(secs => verdict.wait), run_at)
            END,
            postponed = CASE verdict.given_back WHEN 2 THEN least(postponed, 2147483646) + 1 WHEN 1 THEN postponed ELSE 0 END,
            last_error = coalesce(verdict.error, last_error),
            crashes = CASE WHEN verdict.is_fresh THEN 0 ELSE crashes END,
            -- Progress begins anew with each attempt.
            progress_done = CASE WHEN verdict.status = 'FAILED' THEN progress_done END,
            progress_total = CASE WHEN verdict.status = 'FAILED' THEN progress_total END,
            progress_note = CASE WHEN verdict.status = 'FAILED' THEN progress_note END,
            lease_owner = NULL,
            lease_expires_at = NULL
        FROM unnest(
            $1::bigint[], $2::bigint[], $3::text[], $4::integer[], $5::double precision[], $6::text[], $7::boolean[]
        ) AS verdict (id, claim_no, status, given_back, wait, error, is_fresh)
        WHERE \(Probe.row("verdict.id")) AND tasks.claim_no = verdict.claim_no AND \(Probe.isInHand)
        RETURNING tasks.id
        """
    )

    /// Prolongs leases, but not of rows that are locked: the transaction of an SQL handler holds its row until it ends.
    ///
    /// Values: ids, claim numbers, lease in seconds, now.
    static let renew = Statement(
        "renew",
        """
        WITH free AS (
            SELECT tasks.id
            FROM unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
                JOIN ONLY tasks ON \(Probe.row("proof.id")) AND tasks.claim_no = proof.claim_no
            WHERE \(Probe.isInHand)
            FOR NO KEY UPDATE OF tasks SKIP LOCKED
        )
        UPDATE ONLY tasks
        SET lease_expires_at = \(ClaimSQL.moment("$4")) + make_interval(secs => $3::double precision)
        FROM free
        WHERE \(Probe.row("free.id"))
        """
    )

    /// Which proofs no longer hold; a locked row that still carries its proof does.
    ///
    /// Values: ids, claim numbers.
    static let lost = Statement(
        "lost",
        """
        SELECT proof.id, proof.claim_no
        FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS proof (id, claim_no, no)
            LEFT JOIN ONLY tasks
                ON \(Probe.row("proof.id")) AND tasks.claim_no = proof.claim_no AND \(Probe.isInHand)
        WHERE tasks.id IS NULL
        ORDER BY proof.no
        """
    )

    /// Locks what an owner holds but for these proofs; what another transaction has locked just now is passed over.
    ///
    /// Values: owner, ids, claim numbers.
    static let held = Statement(
        "held",
        """
        SELECT id, claim_no, lock_key, batch
        FROM ONLY tasks
        WHERE \(isUnknown)
        ORDER BY lease_expires_at
        FOR NO KEY UPDATE SKIP LOCKED
        """
    )

    /// Whether an owner holds anything but these proofs.
    ///
    /// Values: owner, ids, claim numbers.
    static let anyHeld = Statement("any_held", "SELECT EXISTS (SELECT FROM ONLY tasks WHERE \(isUnknown))")

    private static let isUnknown = """
        status = 'PROCESSING' AND lease_owner = $1
            AND NOT EXISTS (
                SELECT FROM unnest($2::bigint[], $3::bigint[]) AS proof (id, claim_no)
                WHERE proof.id = tasks.id AND proof.claim_no = tasks.claim_no
            )
        """
}
