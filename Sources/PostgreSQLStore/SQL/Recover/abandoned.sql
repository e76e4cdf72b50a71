-- Locks abandoned rows, in the order in which their leases end, and says why they count as abandoned.
--
-- Locked rows are held after all.
--
-- No task starts if the schema needs a newer program. A migration that says so has altered or locked the table tasks,
-- so a statement that began before it ends before it.
--
-- $1 owners   text[]  runs that are dead
-- $2 lease    float8  a run's lease in seconds
-- $3 now      float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $4 limit    int4    the most rows
-- $5 version  int4    the newest schema version that the program knows
-- Returns id, claim_no, task_name, attempts, lease_owner, crashes, is_owner_dead, lease_end, found_at, lock_key, is_cancelled,
-- batch.
SELECT id, claim_no, task_name, attempts, lease_owner, crashes,
    coalesce(lease_owner = ANY ($1::text[]), false) AS is_owner_dead,
    to_char(lease_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS lease_end,
    to_char(coalesce(to_timestamp($3::double precision), statement_timestamp()) AT TIME ZONE 'UTC',
        'YYYY-MM-DD HH24:MI:SS') AS found_at, lock_key,
    cancel_requested_at IS NOT NULL AS is_cancelled, batch
FROM ONLY tasks
WHERE
    -- same: known_schema
    (SELECT coalesce(max(least_version), 0) FROM ONLY task_migrations) <= $5::integer
    -- end
    AND status = 'PROCESSING'
    AND NOT EXISTS (SELECT FROM ONLY task_stuck AS stuck
    WHERE stuck.task_id = tasks.id AND stuck.claim_no = tasks.claim_no)
    AND (
        lease_owner = ANY ($1::text[])
        OR lease_expires_at <= coalesce(to_timestamp($3::double precision), statement_timestamp())
        OR lease_expires_at IS NULL
            AND created_at <= coalesce(to_timestamp($3::double precision),
            statement_timestamp()) - make_interval(secs => $2::double precision)
    )
ORDER BY lease_expires_at
LIMIT $4::integer
FOR NO KEY UPDATE SKIP LOCKED
