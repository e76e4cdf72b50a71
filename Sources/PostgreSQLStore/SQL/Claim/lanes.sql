-- The lanes of these task names that have a due row, the lane with the most urgent row first.
--
-- A lane is one task name, queue and priority: rows that stand together in the index tasks_due, in due order. A loose
-- index scan: from one lane's first row the next step leads past all its others, so rows that failed, wait for later or
-- belong to no handler here cost nothing. It ends at 1000 lanes; then rows without a number say how far it came: the last
-- lane of each name.
--
-- $1 names    text[]  task names
-- $2 now      float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
-- $3 pattern  text    a regular expression for the queues, or NULL for all queues
-- Returns task_name, queue, priority, run_at, id.
WITH RECURSIVE wanted AS (
    SELECT DISTINCT pg_catalog.unnest($1::text[]) AS task_name
), lane AS (
    SELECT head.*
    FROM wanted CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at, id
        FROM ONLY tasks
        WHERE tasks.task_name = wanted.task_name
            AND
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
        ORDER BY queue, priority, run_at, id
        LIMIT 1
    ) AS head
    UNION ALL
    SELECT head.*
    FROM lane CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at, id
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name
            AND (tasks.queue, tasks.priority) > (lane.queue, lane.priority)
            AND
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
        ORDER BY queue, priority, run_at, id
        LIMIT 1
    ) AS head
)
-- same: due_lanes
, seen AS MATERIALIZED (
    SELECT * FROM lane LIMIT 1000
)
SELECT task_name, queue, priority, run_at, id
FROM seen AS lane
WHERE run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp()) AND
    -- same: lane_open
    lane.queue NOT IN (
        SELECT q.queue FROM ONLY task_queues AS q
        WHERE q.paused_until > coalesce(to_timestamp($2::double precision), statement_timestamp())
    )
    -- end
-- end
AND ($3::text IS NULL OR queue ~ $3::text)
-- same: lanes_behind
UNION ALL
SELECT task_name, queue, priority, NULL, NULL
FROM (
    SELECT DISTINCT ON (task_name) task_name, queue, priority
    FROM seen
    WHERE (SELECT count(*) FROM seen) >= 1000
    ORDER BY task_name, queue DESC, priority DESC
) AS place
-- end
ORDER BY priority, run_at, id
