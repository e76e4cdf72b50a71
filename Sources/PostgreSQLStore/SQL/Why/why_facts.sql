-- What is known about why tasks are not running, one row per task: the task, the pause of its queue, the limits of its
-- queue and of its name, the end that the database refuses, and the one other task that it waits for.
--
-- The other task of a row with after_batch is the oldest open task of that batch, a PROCESSING one before a WAITING
-- one; other_count says how many are open. The other task of a waiting row with a lock key is the row that holds the
-- key or, if no row does, the first due row of the key; other_count says how many due rows of the key come before this
-- one, without the holder. A FAILED holder, and a WAITING one that was never claimed, hold nothing: runs free their
-- keys.
--
-- ANY (ARRAY[…]): the planner looks the number up in the primary key. With a plain = it could join by reading the whole
-- table in the order of its key, which is as cheap while the table is empty.
-- status || '': no partial index has this condition.
--
-- $1 ids           int8[]  the rows
-- $2 now           float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $3 counted       int8    the most rows of a batch or of a lock key to count
-- $4 error_length  int4    the most characters of last_error
-- Returns now, id, task_name, status, queue, run_at, attempts, max_attempts, lease_owner, lease_expires_at, crashes,
-- last_error, lock_key, expires_at, token, cancel_requested_at, after_batch, postponed, is_due, is_expired, other_id,
-- other_count, other_name, other_status, other_run_at, other_is_due, other_owner, other_lease_end, other_holds_key,
-- is_paused, paused_until, paused_at, paused_why, paused_by, queue_running, queue_max_running, queue_begun,
-- queue_max_per_minute, queue_minute_end, name_running, name_max_running, name_begun, name_max_per_minute,
-- name_minute_end, stuck_error, stuck_at, failed_at.
WITH task AS MATERIALIZED (
    SELECT id, task_name, status, queue, run_at, failed_at, attempts, max_attempts, lease_owner, lease_expires_at, claim_no,
        crashes, last_error, lock_key, expires_at, token, cancel_requested_at, after_batch, postponed,
        run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp()) AS is_due,
        CASE
            WHEN status || '' <> 'WAITING' THEN NULL
            WHEN after_batch IS NOT NULL THEN coalesce(
                (
                    SELECT open.id
                    FROM ONLY tasks AS open
                    WHERE open.batch IS NOT NULL AND open.batch = tasks.after_batch AND open.status = 'PROCESSING'
                    ORDER BY open.batch, open.status, open.id
                    LIMIT 1
                ),
                (
                    SELECT open.id
                    FROM ONLY tasks AS open
                    WHERE open.batch IS NOT NULL AND open.batch = tasks.after_batch AND open.status = 'WAITING'
                    ORDER BY open.batch, open.status, open.id
                    LIMIT 1
                )
            )
            WHEN lock_key IS NOT NULL THEN coalesce(
                (
                    SELECT holder.id
                    FROM ONLY tasks AS holder
                    WHERE holder.lock_place = 2 AND holder.lock_key = tasks.lock_key
                        AND holder.status || '' <> 'FAILED'
                        AND NOT (holder.status || '' = 'WAITING' AND holder.claim_no = 0 AND holder.crashes = 0)
                ),
                (
                    SELECT first.id
                    FROM ONLY tasks AS first
                    WHERE first.status = 'WAITING' AND first.lock_key IS NOT NULL AND first.lock_key = tasks.lock_key
                        AND first.run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
                    ORDER BY first.priority, first.run_at, first.id
                    LIMIT 1
                )
            )
        END AS other_id,
        CASE
            WHEN status || '' <> 'WAITING' THEN 0
            WHEN after_batch IS NOT NULL THEN (
                SELECT count(*)
                FROM (
                    SELECT
                    FROM ONLY tasks AS open
                    WHERE open.batch IS NOT NULL AND open.batch = tasks.after_batch AND open.status = 'PROCESSING'
                    UNION ALL
                    SELECT
                    FROM ONLY tasks AS open
                    WHERE open.batch IS NOT NULL AND open.batch = tasks.after_batch AND open.status = 'WAITING'
                    LIMIT $3::bigint
                ) AS found
            )
            WHEN lock_key IS NOT NULL THEN (
                SELECT count(*)
                FROM (
                    SELECT
                    FROM ONLY tasks AS ahead
                    WHERE ahead.status = 'WAITING' AND ahead.lock_key IS NOT NULL AND ahead.lock_key = tasks.lock_key
                        AND ahead.lock_place <> 2
                        AND (ahead.priority, ahead.run_at, ahead.id) < (tasks.priority, tasks.run_at, tasks.id)
                        AND ahead.run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
                    LIMIT $3::bigint
                ) AS found
            )
            ELSE 0
        END AS other_count
    FROM ONLY tasks
    WHERE id = ANY ($1::bigint[])
), limits AS MATERIALIZED (
    SELECT kind, name, max_running, max_per_minute,
        (
            SELECT count(*)
            FROM ONLY tasks
            WHERE status = 'PROCESSING'
                -- Not what claims to be held for longer than any run's lease: see cut_leases.sql.
                AND lease_expires_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
                + interval '1 day 1 minute'
                AND CASE kind WHEN 'queue' THEN tasks.queue ELSE tasks.task_name END = task_limits.name
        ) AS running,
        CASE WHEN
            -- same: this_minute
            coalesce(
                minute_began
                    BETWEEN coalesce(to_timestamp($2::double precision), statement_timestamp()) - interval '1 minute'
                        + interval '1 microsecond'
                    AND coalesce(to_timestamp($2::double precision), statement_timestamp()) + interval '1 minute',
                false
            )
            -- end
            THEN begun ELSE 0
        END AS begun,
        CASE WHEN
            -- same: this_minute
            coalesce(
                minute_began
                    BETWEEN coalesce(to_timestamp($2::double precision), statement_timestamp()) - interval '1 minute'
                        + interval '1 microsecond'
                    AND coalesce(to_timestamp($2::double precision), statement_timestamp()) + interval '1 minute',
                false
            )
            -- end
            THEN minute_began + interval '1 minute'
        END AS minute_end
    FROM ONLY task_limits
    WHERE name IN (SELECT queue FROM task UNION SELECT task_name FROM task)
)
SELECT
    coalesce(to_timestamp($2::double precision), statement_timestamp()) AS now, task.id,
    task.task_name, task.status, task.queue, task.run_at, task.attempts, task.max_attempts, task.lease_owner,
    task.lease_expires_at, task.crashes, substr(task.last_error, 1, $4::integer) AS last_error, task.lock_key,
    task.expires_at, task.token, task.cancel_requested_at, task.after_batch, task.postponed, task.is_due,
    task.attempts = 0
        AND coalesce(task.expires_at <= coalesce(to_timestamp($2::double precision), statement_timestamp()), false)
        AS is_expired,
    other.id AS other_id, task.other_count, other.task_name AS other_name, other.status AS other_status,
    other.run_at AS other_run_at,
    coalesce(other.run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp()), false)
        AS other_is_due,
    other.lease_owner AS other_owner, other.lease_expires_at AS other_lease_end,
    coalesce(other.lock_place = 2, false) AND task.after_batch IS NULL AS other_holds_key,
    pause.queue IS NOT NULL AS is_paused, pause.paused_until, pause.paused_at, pause.paused_why, pause.paused_by,
    of_queue.running AS queue_running, of_queue.max_running AS queue_max_running, of_queue.begun AS queue_begun,
    of_queue.max_per_minute AS queue_max_per_minute, of_queue.minute_end AS queue_minute_end,
    of_name.running AS name_running, of_name.max_running AS name_max_running, of_name.begun AS name_begun,
    of_name.max_per_minute AS name_max_per_minute, of_name.minute_end AS name_minute_end,
    stuck.error AS stuck_error, stuck.noted_at AS stuck_at, coalesce(task.failed_at, result.finished_at) AS failed_at
FROM task
LEFT JOIN LATERAL (
    SELECT id, task_name, status, run_at, lease_owner, lease_expires_at, lock_place
    FROM ONLY tasks AS found
    WHERE found.id = ANY (ARRAY[task.other_id]) AND task.other_id <> task.id
) AS other ON true
LEFT JOIN ONLY task_queues AS pause ON pause.queue = task.queue
    AND pause.paused_until > coalesce(to_timestamp($2::double precision), statement_timestamp())
LEFT JOIN limits AS of_queue ON of_queue.kind = 'queue' AND of_queue.name = task.queue
LEFT JOIN limits AS of_name ON of_name.kind = 'name' AND of_name.name = task.task_name
LEFT JOIN ONLY task_stuck AS stuck
    ON stuck.task_id = task.id AND stuck.claim_no = task.claim_no AND task.status = 'PROCESSING'
LEFT JOIN ONLY task_results AS result
    ON result.token = task.token AND result.task_id = task.id AND result.state = 'FAILED' AND task.status = 'FAILED'
ORDER BY task.id
