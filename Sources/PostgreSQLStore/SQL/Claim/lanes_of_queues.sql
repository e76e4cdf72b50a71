-- lanes.sql for these queues only: the steps lead through the priorities of each name and queue.
--
-- $1 names   text[]  task names
-- $2 now     float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
-- $3 queues  text[]  the queues
-- Returns task_name, queue, priority, run_at, id.
WITH RECURSIVE wanted AS (
    SELECT DISTINCT name.task_name, queue.queue
    FROM pg_catalog.unnest($1::text[]) AS name (task_name) CROSS JOIN pg_catalog.unnest($3::text[]) AS queue (queue)
), lane AS (
    SELECT head.*
    FROM wanted CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at, id
        FROM ONLY tasks
        WHERE tasks.task_name = wanted.task_name AND tasks.queue = wanted.queue
            AND
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
        ORDER BY priority, run_at, id
        LIMIT 1
    ) AS head
    UNION ALL
    SELECT head.*
    FROM lane CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at, id
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue
            AND tasks.priority > lane.priority
            AND
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
        ORDER BY priority, run_at, id
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
