-- The lanes of these task names that have a due row, the lane with the most urgent row first.
--
-- A lane is one task name, queue and priority: rows that stand together in the index tasks_due, in due order. This is a
-- loose index scan: from one lane's first row the next step skips all other rows of the lane. So FAILED rows, rows that
-- wait for later and rows without a handler here cost nothing. It ends at 1000 lanes; then rows without a number say
-- how far it came: the last lane of each name.
--
-- Each name begins with a row without a number (wanted), before its first lane, or before the first lane of a listed
-- queue. end_name and end_queue come right after its last lane: no name and no queue is between "a" and "a\x01". With
-- them the scan ends there, and reads nothing of other queues.
--
-- $1 names    text[]  task names
-- $2 now      float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $3 pattern  text    a regular expression for the queues, or NULL for all queues
-- $4 queues   text[]  the queues, if they are listed: then no lane of another queue is read; or NULL
-- Returns task_name, queue, priority, run_at, id.
WITH RECURSIVE wanted AS (
    SELECT DISTINCT name.task_name COLLATE "C" AS task_name, coalesce(listed.queue, '') COLLATE "C" AS queue,
        -2147483649 AS priority, NULL::timestamptz AS run_at, NULL::bigint AS id,
        CASE WHEN listed.queue IS NULL THEN name.task_name || E'\x01' ELSE name.task_name END AS end_name,
        coalesce(listed.queue || E'\x01', '') AS end_queue
    FROM pg_catalog.unnest($1::text[]) AS name (task_name)
        LEFT JOIN pg_catalog.unnest($4::text[]) AS listed (queue) ON true
), lane AS (
    SELECT * FROM wanted
    UNION ALL
    SELECT head.*, lane.end_name, lane.end_queue
    FROM lane CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at, id
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name AND (tasks.queue, tasks.priority) > (lane.queue, lane.priority)
            AND (tasks.task_name, tasks.queue) < (lane.end_name, lane.end_queue) AND task_is_plain(tasks)
        ORDER BY queue, priority, run_at, id
        LIMIT 1
    ) AS head
), seen AS MATERIALIZED (
    SELECT * FROM lane WHERE id IS NOT NULL LIMIT 1000
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
    AND ($3::text IS NULL OR queue ~ $3::text)
UNION ALL
SELECT task_name, queue, priority, NULL, NULL
FROM (
    SELECT DISTINCT ON (task_name) task_name, queue, priority
    FROM seen
    WHERE (SELECT count(*) FROM seen) >= 1000
    ORDER BY task_name, queue DESC, priority DESC
) AS place
ORDER BY priority, run_at, id
