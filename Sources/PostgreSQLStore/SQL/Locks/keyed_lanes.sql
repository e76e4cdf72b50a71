-- The lanes of rows with a lock key that have a due row.
--
-- $1 names    text[]  task names
-- $2 now      float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $3 pattern  text    a regular expression for the queues, or NULL for all queues
-- Returns task_name, queue, priority, run_at, id.
WITH RECURSIVE lane AS (
    SELECT DISTINCT task_name COLLATE "C" AS task_name, '' COLLATE "C" AS queue, -2147483649 AS priority,
        NULL::timestamptz AS run_at, NULL::bigint AS id
    FROM pg_catalog.unnest($1::text[]) AS name (task_name)
    UNION ALL
    SELECT head.*
    FROM lane CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at, id
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name
            AND (tasks.queue, tasks.priority) > (lane.queue, lane.priority)
            AND task_is_keyed(tasks)
        ORDER BY queue, priority, run_at, id
        LIMIT 1
    ) AS head
)
SELECT task_name, queue, priority, run_at, id
FROM (SELECT * FROM lane WHERE id IS NOT NULL LIMIT 10000) AS lane
WHERE run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp()) AND
    -- same: lane_open
    lane.queue NOT IN (
        SELECT q.queue FROM ONLY task_queues AS q
        WHERE q.paused_until > coalesce(to_timestamp($2::double precision), statement_timestamp())
    )
    -- end
    AND ($3::text IS NULL OR queue ~ $3::text)
