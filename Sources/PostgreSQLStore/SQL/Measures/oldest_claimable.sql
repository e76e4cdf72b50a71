-- Since when the oldest task of each queue is due that a run could claim now.
--
-- Left out are tasks without a handler, of paused queues, at a limit, behind another task of their lock key, and those
-- that wait for a batch. Like the claim, it steps from lane to lane and reads one row of each, of 10,000 lanes at most,
-- and it looks at 10,000 rows with a lock key at most.
--
-- $1 names  text[]  the task names that a host has a handler for
-- Returns queue, run_at.
WITH RECURSIVE lane AS (
    SELECT DISTINCT name.task_name COLLATE "C" AS task_name, '' COLLATE "C" AS queue, -2147483649 AS priority,
        NULL::timestamptz AS run_at, NULL::bigint AS id
    FROM pg_catalog.unnest($1::text[]) AS name (task_name)
    UNION ALL
    SELECT head.*
    FROM lane CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at, id
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name AND (tasks.queue, tasks.priority) > (lane.queue, lane.priority)
            AND task_is_plain(tasks)
        ORDER BY queue, priority, run_at, id
        LIMIT 1
    ) AS head
), seen AS MATERIALIZED (
    SELECT task_name, queue, run_at FROM lane WHERE id IS NOT NULL LIMIT 10000
), keyed AS MATERIALIZED (
    SELECT id, task_name, queue, run_at, lock_key, lock_place
    FROM ONLY tasks
    WHERE task_is_keyed(tasks) AND task_name = ANY ($1::text[]) AND run_at <= statement_timestamp()
    LIMIT 10000
), claimable AS (
    SELECT task_name, queue, run_at FROM seen WHERE run_at <= statement_timestamp()
    UNION ALL
    SELECT task_name, queue, run_at
    FROM keyed
    WHERE lock_place = 2
        OR NOT EXISTS (
            SELECT FROM ONLY tasks AS holder
            WHERE holder.lock_place = 2 AND holder.lock_key = keyed.lock_key AND holder.status || '' <> 'FAILED'
        )
        AND id = (
            SELECT first.id
            FROM ONLY tasks AS first
            WHERE first.status = 'WAITING' AND first.lock_key IS NOT NULL AND first.lock_key = keyed.lock_key
                AND first.run_at <= statement_timestamp()
            ORDER BY first.priority, first.run_at, first.id
            LIMIT 1
        )
    UNION ALL
    SELECT task_name, queue, run_at
    FROM ONLY tasks
    WHERE task_is_after_crash(tasks) AND task_name = ANY ($1::text[]) AND run_at <= statement_timestamp()
), reached AS MATERIALIZED (
    SELECT kind, name
    FROM ONLY task_limits
    WHERE max_running <= (
            SELECT count(*)
            FROM ONLY tasks
            WHERE status = 'PROCESSING'
                -- Not what claims to be held for longer than any run's lease: see cut_leases.sql.
                AND lease_expires_at <= statement_timestamp() + interval '1 day 1 minute'
                AND CASE kind WHEN 'queue' THEN tasks.queue ELSE tasks.task_name END = task_limits.name
        )
        OR max_per_minute <= CASE
            WHEN minute_began > statement_timestamp() - interval '1 minute'
                AND minute_began <= statement_timestamp() + interval '1 minute' THEN begun
            ELSE 0
        END
)
SELECT queue, min(run_at) AS run_at
FROM claimable
WHERE queue NOT IN (SELECT q.queue FROM ONLY task_queues AS q WHERE q.paused_until > statement_timestamp())
    AND NOT EXISTS (
        SELECT FROM reached
        WHERE reached.name = CASE reached.kind WHEN 'queue' THEN claimable.queue ELSE claimable.task_name END
    )
GROUP BY queue
ORDER BY queue
