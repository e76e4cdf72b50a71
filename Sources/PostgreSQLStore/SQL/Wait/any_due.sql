-- Whether any row of these names is due: as first_due.sql, but it ends at the first one that is found.
--
-- One look reads 5000 lanes. Where there are more, a claim has to find out: it goes on where it ended.
--
-- $1 names    text[]  task names
-- $2 pattern  text    a regular expression for the queues, or NULL for all queues
-- Returns any_due.
-- same: waiting_rows
WITH RECURSIVE wanted AS (
    SELECT DISTINCT task_name FROM pg_catalog.unnest($1::text[]) AS name (task_name)
), lane AS (
    SELECT head.*
    FROM wanted CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at
        FROM ONLY tasks
        WHERE tasks.task_name = wanted.task_name AND
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
        ORDER BY queue, priority, run_at, id
        LIMIT 1
    ) AS head
    UNION ALL
    SELECT head.*
    FROM lane CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name AND (tasks.queue, tasks.priority) > (lane.queue, lane.priority) AND
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
        ORDER BY queue, priority, run_at, id
        LIMIT 1
    ) AS head
), keyed AS (
    SELECT head.*
    FROM wanted CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at
        FROM ONLY tasks
        WHERE tasks.task_name = wanted.task_name AND
            -- same: keyed_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
            -- end
        ORDER BY queue, priority, run_at, id
        LIMIT 1
    ) AS head
    UNION ALL
    SELECT head.*
    FROM keyed AS lane CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name AND (tasks.queue, tasks.priority) > (lane.queue, lane.priority) AND
            -- same: keyed_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
            -- end
        ORDER BY queue, priority, run_at, id
        LIMIT 1
    ) AS head
), crashed AS (
    SELECT queue, run_at
    FROM ONLY tasks
    WHERE status = 'WAITING' AND crashes > 0 AND after_batch IS NULL AND task_name = ANY ($1::text[])

), expiring AS (
    SELECT expires_at
    FROM ONLY tasks
    WHERE status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
    ORDER BY expires_at
    LIMIT 1
), seen_lane AS MATERIALIZED (
    SELECT queue, run_at FROM lane LIMIT 5000
), seen_keyed AS MATERIALIZED (
    SELECT queue, run_at FROM keyed LIMIT 5000
), waiting AS (
    SELECT queue, run_at FROM seen_lane
    UNION ALL SELECT queue, run_at FROM seen_keyed
    UNION ALL SELECT queue, run_at FROM crashed
)
-- end
SELECT EXISTS (
    SELECT FROM waiting
    WHERE run_at <= now() AND NOT EXISTS (
        SELECT FROM ONLY task_queues AS q
        WHERE q.queue = waiting.queue
            AND q.paused_until > coalesce(to_timestamp(NULL::double precision), statement_timestamp())
    )
        AND ($2::text IS NULL OR queue ~ $2::text)
) OR EXISTS (SELECT FROM expiring WHERE expires_at <= now()) OR
    -- same: look_is_cut
    (SELECT count(*) FROM seen_lane) >= 5000 OR (SELECT count(*) FROM seen_keyed) >= 5000
    -- end
    AS any_due
