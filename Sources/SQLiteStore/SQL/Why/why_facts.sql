-- What is known about why tasks are not running, one row per task: the task, the pause of its queue, the limits of its
-- queue and of its name, the end that the database refuses, and the one other task that it waits for.
--
-- The other task of a row with after_batch is the oldest open task of that batch, a PROCESSING one before a WAITING
-- one; other_count says how many are open. The other task of a waiting row with a lock key is the row that holds the
-- key or, if no row does, the first due row of the key; other_count says how many due rows of the key come before this
-- one, without the holder. A FAILED holder, and a WAITING one that was never claimed, hold nothing: runs free their
-- keys.
--
-- :now           text     the current moment
-- :counted       integer  the most rows of a batch or of a lock key to count
-- :ids           JSON     the numbers of the rows
-- :error_length  integer  the most characters of last_error
-- Returns id, task_name, status, queue, run_at, attempts, max_attempts, lease_owner, lease_expires_at, crashes,
-- last_error, lock_key, expires_at, token, cancel_requested_at, after_batch, postponed, is_due, is_expired, other_id,
-- other_count, other_name, other_status, other_run_at, other_is_due, other_owner, other_lease_end, other_holds_key,
-- is_paused, paused_until, paused_at, paused_why, paused_by, queue_running, queue_max_running, queue_begun,
-- queue_max_per_minute, queue_minute_end, name_running, name_max_running, name_begun, name_max_per_minute,
-- name_minute_end, stuck_error, stuck_at, failed_at; texts as bytes, moments as Julian days.
WITH task AS MATERIALIZED (
    SELECT id, task_name, status, queue, run_at, failed_at, attempts, max_attempts, lease_owner, lease_expires_at, claim_no,
        crashes, last_error, lock_key, lock_place, expires_at, token, cancel_requested_at, after_batch, postponed,
        coalesce(julianday(run_at) <= julianday(:now), 0) AS is_due,
        CASE
            WHEN status <> 'WAITING' THEN NULL
            WHEN after_batch IS NOT NULL THEN coalesce(
                (
                    SELECT open.id
                    FROM tasks AS open INDEXED BY tasks_batch
                    WHERE open.batch IS NOT NULL AND open.batch = tasks.after_batch AND open.status = 'PROCESSING'
                    ORDER BY open.id
                    LIMIT 1
                ),
                (
                    SELECT open.id
                    FROM tasks AS open INDEXED BY tasks_batch
                    WHERE open.batch IS NOT NULL AND open.batch = tasks.after_batch AND open.status = 'WAITING'
                    ORDER BY open.id
                    LIMIT 1
                )
            )
            WHEN lock_key IS NOT NULL THEN coalesce(
                (
                    SELECT holder.id
                    FROM tasks AS holder INDEXED BY tasks_lock_holder
                    WHERE holder.lock_place = 2 AND holder.lock_key = tasks.lock_key AND holder.status <> 'FAILED'
                        AND NOT (holder.status = 'WAITING' AND holder.claim_no = 0 AND holder.crashes = 0)
                ),
                (
                    SELECT first.id
                    FROM tasks AS first INDEXED BY tasks_lock_line
                    WHERE first.status = 'WAITING' AND first.lock_key IS NOT NULL AND first.lock_key = tasks.lock_key
                        AND julianday(first.run_at) <= julianday(:now)
                    ORDER BY first.priority, julianday(first.run_at), first.id
                    LIMIT 1
                )
            )
        END AS other_id,
        CASE
            WHEN status <> 'WAITING' THEN 0
            WHEN after_batch IS NOT NULL THEN (
                SELECT count(*)
                FROM (
                    SELECT 1
                    FROM tasks AS open INDEXED BY tasks_batch
                    WHERE open.batch IS NOT NULL AND open.batch = tasks.after_batch
                        AND open.status IN ('WAITING', 'PROCESSING')
                    LIMIT :counted
                )
            )
            WHEN lock_key IS NOT NULL THEN (
                SELECT count(*)
                FROM (
                    SELECT 1
                    FROM tasks AS ahead INDEXED BY tasks_lock_line
                    WHERE ahead.status = 'WAITING' AND ahead.lock_key IS NOT NULL AND ahead.lock_key = tasks.lock_key
                        AND ahead.lock_place <> 2
                        AND (ahead.priority, julianday(ahead.run_at), ahead.id)
                            < (tasks.priority, julianday(tasks.run_at), tasks.id)
                        AND julianday(ahead.run_at) <= julianday(:now)
                    LIMIT :counted
                )
            )
            ELSE 0
        END AS other_count
    FROM tasks
    WHERE id IN (SELECT value FROM json_each(:ids))
), limits AS MATERIALIZED (
    SELECT kind, name, max_running, max_per_minute,
        (
            SELECT count(*)
            FROM tasks INDEXED BY tasks_lease
            WHERE status = 'PROCESSING'
                -- Without rows whose lease is longer than any run sets: see cut.
                AND julianday(lease_expires_at) <= julianday(:now, '+86460 seconds')
                AND CASE kind WHEN 'queue' THEN tasks.queue ELSE tasks.task_name END = task_limits.name
        ) AS running,
        CASE
            WHEN
            -- same: is_this_minute
            coalesce(
                julianday(minute_began, '-60 seconds') <= julianday(:now)
                    AND julianday(minute_began, '+60 seconds') > julianday(:now),
                0
            )
            -- end
            THEN begun ELSE 0
        END AS begun,
        CASE
            WHEN
            -- same: is_this_minute
            coalesce(
                julianday(minute_began, '-60 seconds') <= julianday(:now)
                    AND julianday(minute_began, '+60 seconds') > julianday(:now),
                0
            )
            -- end
            THEN julianday(minute_began, '+60 seconds')
        END AS minute_end
    FROM task_limits
    WHERE name IN (SELECT queue FROM task UNION SELECT task_name FROM task)
)
SELECT task.id, CAST(task.task_name AS BLOB) AS task_name, CAST(task.status AS BLOB) AS status,
    CAST(task.queue AS BLOB) AS queue, julianday(task.run_at) AS run_at, task.attempts, task.max_attempts,
    CAST(task.lease_owner AS BLOB) AS lease_owner, julianday(task.lease_expires_at) AS lease_expires_at, task.crashes,
    CAST(substr(CAST(task.last_error AS TEXT), 1, :error_length) AS BLOB) AS last_error,
    CAST(task.lock_key AS BLOB) AS lock_key, julianday(task.expires_at) AS expires_at,
    CAST(task.token AS BLOB) AS token, julianday(task.cancel_requested_at) AS cancel_requested_at,
    CAST(task.after_batch AS BLOB) AS after_batch, task.postponed, task.is_due,
    task.attempts = 0 AND coalesce(julianday(task.expires_at) <= julianday(:now), 0) AS is_expired,
    other.id AS other_id, task.other_count, CAST(other.task_name AS BLOB) AS other_name,
    CAST(other.status AS BLOB) AS other_status, julianday(other.run_at) AS other_run_at,
    coalesce(julianday(other.run_at) <= julianday(:now), 0) AS other_is_due,
    CAST(other.lease_owner AS BLOB) AS other_owner, julianday(other.lease_expires_at) AS other_lease_end,
    other.lock_place = 2 AND task.after_batch IS NULL AS other_holds_key, pause.queue IS NOT NULL AS is_paused,
    -- From the year 9999 on: for ever.
    iif(julianday(pause.paused_until) < 5373119.5, julianday(pause.paused_until), NULL) AS paused_until,
    julianday(pause.paused_at) AS paused_at,
    CAST(pause.paused_why AS BLOB) AS paused_why, CAST(pause.paused_by AS BLOB) AS paused_by,
    of_queue.running AS queue_running, of_queue.max_running AS queue_max_running, of_queue.begun AS queue_begun,
    of_queue.max_per_minute AS queue_max_per_minute, of_queue.minute_end AS queue_minute_end,
    of_name.running AS name_running, of_name.max_running AS name_max_running, of_name.begun AS name_begun,
    of_name.max_per_minute AS name_max_per_minute, of_name.minute_end AS name_minute_end,
    CAST(stuck.error AS BLOB) AS stuck_error, julianday(stuck.noted_at) AS stuck_at,
    coalesce(julianday(task.failed_at), julianday(result.finished_at)) AS failed_at
FROM task
LEFT JOIN tasks AS other ON other.id = task.other_id AND other.id <> task.id
LEFT JOIN task_queues AS pause ON pause.queue = task.queue AND julianday(pause.paused_until) > julianday(:now)
LEFT JOIN limits AS of_queue ON of_queue.kind = 'queue' AND of_queue.name = task.queue
LEFT JOIN limits AS of_name ON of_name.kind = 'name' AND of_name.name = task.task_name
LEFT JOIN task_stuck AS stuck
    ON stuck.task_id = task.id AND stuck.claim_no = task.claim_no AND task.status = 'PROCESSING'
LEFT JOIN task_results AS result
    ON result.token = task.token AND result.task_id = task.id AND result.state = 'FAILED' AND task.status = 'FAILED'
ORDER BY task.id
