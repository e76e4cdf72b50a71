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

    /// Locks rows in the order of their numbers.
    ///
    /// Value: ids.
    static let lock = Statement(
        "settle_lock",
        "SELECT id FROM ONLY tasks WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE"
    )

    /// Removes rows that were to go back to WAITING, where equal ones wait; those with a token leave a result.
    ///
    /// Values: ids, claim numbers, seconds to keep the results, now.
    static let giveWay = Statement(
        "give_way",
        isBinary: true,
        """
        WITH gone AS (
            DELETE FROM ONLY tasks
            USING unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
            WHERE \(Probe.row("proof.id")) AND tasks.claim_no = proof.claim_no AND \(Probe.isInHand)
                AND EXISTS (
                    SELECT FROM ONLY tasks AS equal
                    WHERE equal.status = 'WAITING' AND equal.dedupe_key IS NOT NULL
                        AND equal.task_name = tasks.task_name AND equal.dedupe_key = tasks.dedupe_key
                )
            RETURNING tasks.id, tasks.token, tasks.task_name, tasks.progress_done, tasks.progress_total,
                tasks.progress_note, tasks.created_at
        ), kept AS (
            INSERT INTO task_results (\(ResultSQL.columns))
            SELECT token, id, task_name, 'CANCELLED', NULL, NULL, 0, 'gave way to a newer equal task', progress_done,
                progress_total, progress_note, NULL, created_at, NULL, \(ClaimSQL.moment("$4")),
                \(ClaimSQL.moment("$4")) + make_interval(secs => $3::double precision)
            FROM gone
            WHERE token IS NOT NULL
            \(ResultSQL.replace)
        )
        SELECT id FROM gone
        """
    )

    /// Locks what an owner holds but for these proofs.
    ///
    /// Values: owner, ids, claim numbers.
    static let held = Statement(
        "held",
        """
        SELECT id, claim_no, lock_key
        FROM ONLY tasks
        WHERE status = 'PROCESSING' AND lease_owner = $1
            AND NOT EXISTS (
                SELECT FROM unnest($2::bigint[], $3::bigint[]) AS proof (id, claim_no)
                WHERE proof.id = tasks.id AND proof.claim_no = tasks.claim_no
            )
        ORDER BY lease_expires_at
        FOR NO KEY UPDATE SKIP LOCKED
        """
    )

    /// Releases what an owner holds but for these proofs.
    ///
    /// Values: owner, ids, claim numbers.
    static let giveBack = Statement(
        "give_back",
        """
        WITH unknown AS (
            SELECT id
            FROM ONLY tasks
            WHERE status = 'PROCESSING' AND lease_owner = $1
                AND NOT EXISTS (
                    SELECT FROM unnest($2::bigint[], $3::bigint[]) AS proof (id, claim_no)
                    WHERE proof.id = tasks.id AND proof.claim_no = tasks.claim_no
                )
            ORDER BY lease_expires_at
            FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE ONLY tasks
        SET status = 'WAITING',
            attempts = greatest(attempts - 1, 0),
            lease_owner = NULL,
            lease_expires_at = NULL
        FROM unknown
        WHERE \(Probe.row("unknown.id")) AND \(Probe.isInHand)
        RETURNING tasks.id, tasks.lock_key
        """
    )
}
