/// The statements that find out which rows the table does not let be changed.
extension ClaimSQL {
    /// Claims these rows, in a transaction that is undone; tells which were there to be claimed, and which were changed.
    ///
    /// Values: owner, lease in seconds, now, ids.
    static let trial = Statement(
        "claim_trial",
        isBinary: true,
        """
        WITH free AS MATERIALIZED (
            SELECT id FROM ONLY tasks WHERE id = ANY ($4::bigint[]) AND status || '' = 'WAITING' FOR NO KEY UPDATE SKIP LOCKED
        ), taken AS (
            -- As a claim does, but for the lock key: whether that is held is no matter of the row.
            UPDATE ONLY tasks
            SET status = 'PROCESSING',
                attempts = least(attempts, 2147483646) + 1,
                claim_no = claim_no % 4611686018427387904 + 1,
                lease_owner = $1,
                lease_expires_at = \(moment("$3")) + make_interval(secs => $2::double precision)
            WHERE id = ANY (ARRAY(SELECT id FROM free))
            -- What cannot be sent refuses the claim as well; large payloads are not sent for that.
            RETURNING CASE WHEN status = 'PROCESSING' AND lease_owner = $1 AND lease_expires_at IS NOT NULL THEN id END AS id,
                CASE WHEN pg_catalog.pg_column_size(data) < 65536 THEN data END, token, batch, task_name, queue, lock_key
        )
        SELECT free.id, taken.*
        FROM free LEFT JOIN taken ON taken.id = free.id
        """
    )

    /// Makes these rows FAILED, in a transaction that is undone; tells the same.
    ///
    /// Values: ids.
    static let expiryTrial = Statement(
        "expire_trial",
        isBinary: true,
        """
        WITH free AS MATERIALIZED (
            SELECT id FROM ONLY tasks WHERE id = ANY ($1::bigint[]) AND status || '' = 'WAITING' FOR NO KEY UPDATE SKIP LOCKED
        ), taken AS (
            UPDATE ONLY tasks
            SET status = 'FAILED', lock_place = 0, last_error = 'expired: not begun'
            WHERE id = ANY (ARRAY(SELECT id FROM free))
            RETURNING CASE WHEN status = 'FAILED' THEN id END AS id, task_name
        )
        SELECT free.id, taken.*
        FROM free LEFT JOIN taken ON taken.id = free.id
        """
    )

    /// A place to go back to within such a transaction; one that is not gone back to is kept.
    static let mark = Statement("claim_trial_mark", "SAVEPOINT trial")
    static let undo = Statement("claim_trial_undo", "ROLLBACK TO SAVEPOINT trial")
    static let keep = Statement("claim_trial_keep", "RELEASE SAVEPOINT trial")

    /// Lets deferred constraints speak before the transaction is undone.
    static let speak = Statement("claim_trial_end", "SET CONSTRAINTS ALL IMMEDIATE")

    /// Those of these rows that wait, all the same.
    ///
    /// Values: ids.
    static let waiting = Statement(
        "claim_trial_waiting",
        isBinary: true,
        "SELECT id FROM ONLY tasks WHERE id = ANY ($1::bigint[]) AND status || '' = 'WAITING'"
    )

    /// Fails where one of these rows is not the run's, as a trigger has put it back once the claim had ended.
    ///
    /// Values: ids, claim numbers, owner.
    static let check = Statement(
        "claim_check",
        """
        SELECT \(putBack("tasks.status"))
        FROM unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
            LEFT JOIN ONLY tasks ON tasks.id = proof.id AND tasks.claim_no = proof.claim_no AND \(Probe.isInHand)
                AND tasks.lease_owner = $3 AND tasks.lease_expires_at IS NOT NULL
        WHERE tasks.id IS NULL
        """
    )

    /// Whether a row waits.
    ///
    /// Value: id.
    static let waits = Statement("waits", "SELECT FROM ONLY tasks WHERE id = $1::bigint AND status || '' = 'WAITING'")

    /// Whether it can be locked; an error where somebody else has it locked.
    ///
    /// Value: id.
    static let lockable = Statement(
        "lockable",
        "SELECT FROM ONLY tasks WHERE id = $1::bigint AND status || '' = 'WAITING' FOR NO KEY UPDATE NOWAIT"
    )
}

extension LockSQL {
    /// The rows that ``expire`` would look at.
    ///
    /// Values: now, limit, ids to leave out.
    static let late = Statement(
        "late",
        isBinary: true,
        """
        SELECT id
        FROM ONLY tasks
        WHERE status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
            AND expires_at <= \(ClaimSQL.moment("$1")) AND id <> ALL ($3::bigint[])
        ORDER BY expires_at
        LIMIT $2::integer
        """
    )
}

extension ClaimSQL {
    /// The rows that a claim from lanes would lock, without locking them.
    ///
    /// Values: limit, now, names, queues, priorities, floors, ids of the floors, locked ids, depth, ids to leave out.
    static let candidates = Statement(
        "claim_candidates",
        isBinary: true,
        """
        WITH lane AS MATERIALIZED (
            SELECT no, task_name, queue, priority, \(floor("floor_at")) AS floor_at, floor_id
            FROM unnest($3::text[], $4::text[], $5::integer[], $6::bigint[], $7::bigint[])
                WITH ORDINALITY AS lane (task_name, queue, priority, floor_at, floor_id, no)
        ), crashed AS MATERIALIZED (
            SELECT id, priority, run_at FROM ONLY tasks WHERE id = ANY ($8::bigint[]) AND id <> ALL ($10::bigint[])
        ), \(seen(
            of: plainExcept("$10"),
            limit: "$1::integer",
            depth: "$9::integer",
            now: "$2",
            floor: "(tasks.run_at, tasks.id) >= (lane.floor_at, lane.floor_id)",
            beside: "crashed"
        ))
        SELECT id
        FROM (
            SELECT priority, run_at, id FROM seen
            UNION ALL
            SELECT priority, run_at, id FROM crashed
            ORDER BY priority, run_at, id
            LIMIT $1::integer
        ) AS best
        """
    )
}
