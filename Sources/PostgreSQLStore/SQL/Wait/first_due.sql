-- In how many microseconds the first row of these names is due: zero or less for now, NULL if none waits.
--
-- Like the claim, it steps from lane to lane and reads one row of each. Rows of a paused queue are not due before the
-- pause ends.
--
-- One look reads 5000 lanes. If there are more, a claim has to find out: it goes on where it ended.
--
-- $1 names    text[]  task names
-- $2 pattern  text    a regular expression for the queues, or NULL for all queues
-- $3 queues   text[]  the queues, if they are listed: then no lane of another queue is read; or NULL
-- Returns wait.
-- same: waiting_rows
WITH RECURSIVE wanted AS (
    SELECT DISTINCT name.task_name COLLATE "C" AS task_name, coalesce(listed.queue, '') COLLATE "C" AS queue,
        -2147483649 AS priority, NULL::timestamptz AS run_at, NULL::bigint AS id,
        CASE WHEN listed.queue IS NULL THEN name.task_name || E'\x01' ELSE name.task_name END AS end_name,
        coalesce(listed.queue || E'\x01', '') AS end_queue
    FROM pg_catalog.unnest($1::text[]) AS name (task_name)
        LEFT JOIN pg_catalog.unnest($3::text[]) AS listed (queue) ON true
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
), keyed AS (
    SELECT * FROM wanted
    UNION ALL
    SELECT head.*, lane.end_name, lane.end_queue
    FROM keyed AS lane CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at, id
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name AND (tasks.queue, tasks.priority) > (lane.queue, lane.priority)
            AND (tasks.task_name, tasks.queue) < (lane.end_name, lane.end_queue) AND task_is_keyed(tasks)
        ORDER BY queue, priority, run_at, id
        LIMIT 1
    ) AS head
), crashed AS (
    SELECT queue, run_at
    FROM ONLY tasks
    WHERE task_is_after_crash(tasks) AND task_name = ANY ($1::text[])
        AND ($3::text[] IS NULL OR queue = ANY ($3::text[]))
), expiring AS (
    SELECT expires_at
    FROM ONLY tasks
    WHERE status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
    ORDER BY expires_at
    LIMIT 1
), seen_lane AS MATERIALIZED (
    SELECT task_name, queue, priority, run_at, id FROM lane WHERE id IS NOT NULL LIMIT 5000
), seen_keyed AS MATERIALIZED (
    SELECT queue, run_at FROM keyed WHERE id IS NOT NULL LIMIT 5000
), waiting AS (
    SELECT queue, run_at FROM seen_lane
    UNION ALL SELECT queue, run_at FROM seen_keyed
    UNION ALL SELECT queue, run_at FROM crashed
)
-- end
, first AS (
    SELECT queue, greatest(waiting.run_at, paused_until) AS moment
    FROM waiting LEFT JOIN ONLY task_queues USING (queue)
)
SELECT CASE
        WHEN
            -- same: look_is_cut
            (SELECT count(*) FROM seen_lane) >= 5000 OR (SELECT count(*) FROM seen_keyed) >= 5000
            -- end
            THEN 0
        ELSE ceil(extract(epoch FROM min(moment) - clock_timestamp()) OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS wait
FROM (
    SELECT moment
    FROM first
    WHERE isfinite(moment) AND ($2::text IS NULL OR queue ~ $2::text)
    UNION ALL
    SELECT expires_at FROM expiring
) AS soonest
