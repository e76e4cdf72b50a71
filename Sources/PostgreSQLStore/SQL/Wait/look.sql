-- What a run looks at before it does anything, and again when nothing seems to be left: most runs find nothing, and
-- end.
--
-- One look reads 5000 lanes of each kind. If there are more, a claim has to find out: it goes on where it ended. The
-- answer contains the lanes as long as they are few, so that the first claim need not look for them; is_plain says
-- whether rows of these lanes are all that is due.
-- array_to_json takes any type, so it says whose it is: another schema may have one whose types fit better.
-- (… || '') IS NOT NULL: no partial index has this condition, so the planner does not use one.
--
-- $1 names    text[]  task names
-- $2 pattern  text    a regular expression for the queues, or NULL for all queues
-- $3 limit    int4    the most waiting names
-- $4 queues   text[]  the queues, if they are listed: then no lane of another queue is read; or NULL
-- Returns any_claim, is_read_only, is_standby, any_due, is_plain, any_behind, any_waits, any_expired, any_limit,
-- waiting_names, task_name, queue, priority, run_at, id.
-- same: waiting_rows
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
        AND ($4::text[] IS NULL OR queue = ANY ($4::text[]))
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
, due_lane AS MATERIALIZED (
    SELECT task_name, queue, priority, run_at, id
    FROM seen_lane AS waiting
    WHERE
        -- same: due_and_open
        run_at <= statement_timestamp() AND NOT EXISTS (
            SELECT FROM ONLY task_queues AS q
            WHERE q.queue = waiting.queue
                AND q.paused_until > coalesce(to_timestamp(NULL::double precision), statement_timestamp())
        )
        AND ($2::text IS NULL OR queue ~ $2::text)
        -- end
    ORDER BY priority, run_at, id
    LIMIT 9
), other AS (
    SELECT EXISTS (
        SELECT FROM (
            SELECT queue, run_at FROM seen_keyed
            UNION ALL SELECT queue, run_at FROM crashed
        ) AS waiting
        WHERE
            -- same: due_and_open
            run_at <= statement_timestamp() AND NOT EXISTS (
                SELECT FROM ONLY task_queues AS q
                WHERE q.queue = waiting.queue
                    AND q.paused_until > coalesce(to_timestamp(NULL::double precision), statement_timestamp())
            )
            AND ($2::text IS NULL OR queue ~ $2::text)
            -- end
    ) OR EXISTS (SELECT FROM expiring WHERE expires_at <= statement_timestamp()) OR
        -- same: look_is_cut
        (SELECT count(*) FROM seen_lane) >= 5000 OR (SELECT count(*) FROM seen_keyed) >= 5000
        -- end
        AS are_due
)
SELECT EXISTS (SELECT FROM ONLY tasks WHERE status = 'PROCESSING') AS any_claim,
    current_setting('transaction_read_only')::boolean AS is_read_only, pg_is_in_recovery() AS is_standby,
    other.are_due OR EXISTS (SELECT FROM due_lane) AS any_due,
    NOT other.are_due AND (SELECT count(*) FROM due_lane) < 9 AS is_plain,
    EXISTS (SELECT FROM ONLY tasks WHERE
        -- same: behind_rows
        status = 'WAITING' AND lock_place = 1 AND (lock_key || '') IS NOT NULL
        -- end
    ) OR EXISTS (
        SELECT
        FROM ONLY tasks
        WHERE status = 'WAITING' AND crashes > 0 AND (lock_key || '') IS NOT NULL AND lock_place <> 2
    ) AS any_behind,
    EXISTS (SELECT FROM ONLY tasks WHERE after_batch IS NOT NULL AND status = 'WAITING')
        OR EXISTS (SELECT FROM ONLY task_batches) AS any_waits,
    EXISTS (SELECT FROM ONLY task_results WHERE expires_at <= statement_timestamp()) AS any_expired,
    EXISTS (SELECT FROM ONLY task_limits) AS any_limit,
    pg_catalog.array_to_json(ARRAY(
        SELECT task_name FROM (
            WITH RECURSIVE name AS (
                SELECT '' COLLATE "C" AS task_name
                UNION ALL
                SELECT next.task_name
                FROM name AS name CROSS JOIN LATERAL (
                    SELECT task_name
                    FROM ONLY tasks
                    WHERE tasks.task_name > name.task_name AND task_is_plain(tasks)
                    ORDER BY task_name
                    LIMIT 1
                ) AS next
            ), keyed AS (
                SELECT '' COLLATE "C" AS task_name
                UNION ALL
                SELECT next.task_name
                FROM keyed AS name CROSS JOIN LATERAL (
                    SELECT task_name
                    FROM ONLY tasks
                    WHERE tasks.task_name > name.task_name AND task_is_keyed(tasks)
                    ORDER BY task_name
                    LIMIT 1
                ) AS next
            )
            (SELECT task_name FROM name WHERE task_name <> '' LIMIT $3::integer)
            UNION
            (SELECT task_name FROM keyed WHERE task_name <> '' LIMIT $3::integer)
            UNION
            (SELECT DISTINCT task_name FROM ONLY tasks WHERE status = 'WAITING' AND crashes > 0 LIMIT $3::integer)
            ORDER BY task_name
            LIMIT $3::integer
        ) AS name
    ))::text AS waiting_names,
    due_lane.task_name, due_lane.queue, due_lane.priority, due_lane.run_at, due_lane.id
FROM other LEFT JOIN due_lane ON true
ORDER BY due_lane.priority, due_lane.run_at, due_lane.id
