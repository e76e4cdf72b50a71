-- More lanes of these names, after those that were seen. It reads row by row, some ten times as fast as stepping from
-- lane to lane if lanes have few rows; the rest of a long lane is skipped.
--
-- A step reads 64 rows. It ends at 20000 rows; then rows without a number say how far it came, as in lanes.sql.
--
-- $1 names       text[]  task names
-- $2 now         float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $3 pattern     text    a regular expression for the queues, or NULL for all queues
-- $4 queues      text[]  of each name the queue of the last lane that was seen
-- $5 priorities  int8[]  and its priority
-- Returns task_name, queue, priority, run_at, id.
WITH RECURSIVE step AS (
    SELECT DISTINCT task_name COLLATE "C" AS task_name, queue COLLATE "C" AS queue, priority,
        NULL::timestamptz AS run_at, NULL::bigint AS id, 64::bigint AS nr, 0 AS step
    FROM unnest($1::text[], $4::text[], $5::bigint[]) AS name (task_name, queue, priority)
    UNION ALL
    SELECT head.*, last.step + 1
    FROM (SELECT * FROM step WHERE nr = 64) AS last CROSS JOIN LATERAL (SELECT head.*, row_number() OVER () AS nr
    FROM (
        SELECT task_name, queue, priority, run_at, id
        FROM ONLY tasks
        WHERE tasks.task_name = last.task_name
            AND (tasks.queue, tasks.priority) > (last.queue, last.priority) AND task_is_plain(tasks)
        ORDER BY queue, priority, run_at, id
        LIMIT 64
    ) AS head) AS head
), lane AS MATERIALIZED (
    SELECT * FROM step WHERE id IS NOT NULL LIMIT 20000
)
SELECT task_name, queue, priority, run_at, id
FROM (
    SELECT DISTINCT ON (task_name, queue, priority) task_name, queue, priority, run_at, id
    FROM lane
    WHERE run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp()) AND
        -- same: lane_open
        lane.queue NOT IN (
            SELECT q.queue FROM ONLY task_queues AS q
            WHERE q.paused_until > coalesce(to_timestamp($2::double precision), statement_timestamp())
        )
        -- end
        AND ($3::text IS NULL OR queue ~ $3::text)
    ORDER BY task_name, queue, priority, run_at, id
) AS due
UNION ALL
SELECT task_name, queue, priority, NULL, NULL
FROM (
    SELECT DISTINCT ON (task_name) task_name, queue, priority
    FROM lane
    -- The ends of whole steps, which are few; where there is none, of any.
    WHERE (SELECT count(*) FROM lane) >= 20000
        AND (nr = 64 OR (SELECT count(*) FROM lane WHERE nr = 64) = 0)
    ORDER BY task_name, step DESC, nr DESC
) AS place
ORDER BY priority, run_at, id
