/// The statement about tasks that expire.
extension LockSQL {
    private static let isLate = """
        \(SchemaSQL.isKnown) AND status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL AND expires_at <= \(ClaimSQL.moment("$1"))
            AND id <> ALL ($3::bigint[])
        """

    /// Makes rows FAILED that were not begun in time, but for those that another transaction has locked just now, or their lock keys.
    ///
    /// Where such are left, or more than the limit, the last row is empty. Values: now, limit, ids to leave out.
    static let expire = Statement(
        "expire",
        isBinary: true,
        """
        WITH late AS MATERIALIZED (
            SELECT id
            FROM (
                SELECT id, lock_key
                FROM ONLY tasks
                WHERE \(isLate)
                ORDER BY expires_at
                LIMIT $2::integer
                FOR NO KEY UPDATE SKIP LOCKED
            ) AS locked
            WHERE lock_key IS NULL OR pg_try_advisory_xact_lock(\(number("lock_key")))
        )
        , ended AS (
            UPDATE ONLY tasks
            SET status = 'FAILED',
                lock_place = 0,
                last_error = 'expired: not begun by ' || to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
            FROM late
            WHERE \(Probe.row("late.id"))
            RETURNING CASE WHEN tasks.status = 'FAILED' THEN tasks.id ELSE \(ClaimSQL.putBack("tasks.status")) END AS id,
                tasks.task_name, tasks.lock_key, tasks.token IS NOT NULL AS is_asked
        )
        SELECT id, task_name, lock_key, is_asked FROM ended
        UNION ALL
        SELECT NULL, NULL, NULL, NULL
        WHERE (SELECT count(*) FROM late) < (
            SELECT count(*)
            FROM (SELECT FROM ONLY tasks WHERE \(isLate) LIMIT $2::integer + 1) AS seen
        )
        """
    )
}
