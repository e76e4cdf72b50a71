-- keyed.sql for these queues only.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
-- status || '': not a condition that a partial index has. A plan made while such rows were rare would go through all of
-- that index for each number.
-- (… || '') IS NOT NULL: not a condition that a partial index has, so the planner does not go by that one.
-- To read so many rows of each lane as are wanted of all would be far too much where lanes are many, so there is a
-- glance at a few of each at first. It gives a bound that the rows wanted cannot lie behind. Only the lanes of which
-- all the rows in the glance lie before it (deep) are read further, and one row more of each: they are few, for
-- together they have no more such rows than are wanted. No scan ends at the bound itself: of rows that end one by their
-- number alone, the server reads all that are due at that moment, and of one INSERT there can be a million.
-- Each claim asks whether a row may still be begun (in_time): what has expired may not have been found, or was locked
-- when it was.
-- With the salt the number of an advisory lock is one that only those can compute who may read the table.
--
-- $1 names   text[]  task names
-- $2 now     float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
-- $3 limit   int4    so many rows
-- $4 queues  text[]  the queues
-- $5 keys    int4    so many keys are locked at most
-- Returns no, run_at, id, is_locked, task_name, queue, priority.
WITH RECURSIVE wanted AS (
    SELECT DISTINCT name.task_name, queue.queue
    FROM pg_catalog.unnest($1::text[]) AS name (task_name) CROSS JOIN pg_catalog.unnest($4::text[]) AS queue (queue)
), lane AS (
    SELECT head.*
    FROM wanted CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at, id
        FROM ONLY tasks
        WHERE tasks.task_name = wanted.task_name AND tasks.queue = wanted.queue
            AND
            -- same: keyed_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
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
            -- same: keyed_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
            -- end
        ORDER BY priority, run_at, id
        LIMIT 1
    ) AS head
), seen_lane AS MATERIALIZED (
    SELECT * FROM lane LIMIT 10000
), due_lane AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY priority, run_at, id) AS no, task_name, queue, priority, run_at, id
    FROM seen_lane AS lane
    WHERE run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp()) AND
        -- same: lane_open
        lane.queue NOT IN (
            SELECT q.queue FROM ONLY task_queues AS q
            WHERE q.paused_until > coalesce(to_timestamp($2::double precision), statement_timestamp())
        )
        -- end
), first_lane AS MATERIALIZED (
    SELECT no, task_name, queue, priority, NULL AS floor_at, NULL AS floor_id
    FROM due_lane
    WHERE no <= $3::integer
),
    -- same: keyed_locked
    glance AS MATERIALIZED (
        SELECT lane.no, lane.task_name, lane.queue, lane.priority, lane.floor_at, lane.floor_id, head.run_at, head.id,
            head.nr
        FROM first_lane AS lane CROSS JOIN LATERAL (
            SELECT run_at, id, row_number() OVER () AS nr
            FROM (
                SELECT run_at, id
                FROM ONLY tasks
                WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
                    AND
                    -- same: keyed_rows
                    status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
                    -- end
                    AND run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
                ORDER BY run_at, id
                LIMIT (SELECT least(2 * $3::integer / greatest(count(*), 1) + 1, $3::integer + 1) FROM first_lane)
            ) AS head
        ) AS head
    ), bound AS MATERIALIZED (
        SELECT priority, run_at, id
        FROM (
            SELECT priority, run_at, id FROM glance

        ) AS known
        ORDER BY priority, run_at, id
        LIMIT 1 OFFSET $3::integer - 1
    ), deep AS MATERIALIZED (
        SELECT glance.no, glance.task_name, glance.queue, glance.priority, glance.floor_at, glance.floor_id
        FROM glance LEFT JOIN bound ON true
        WHERE glance.nr = (SELECT least(2 * $3::integer / greatest(count(*), 1) + 1, $3::integer + 1) FROM first_lane)
            AND (SELECT least(2 * $3::integer / greatest(count(*), 1) + 1, $3::integer + 1)
            FROM first_lane) <= $3::integer
            AND (
                bound.id IS NULL
                OR (glance.priority, glance.run_at, glance.id) <= (bound.priority, bound.run_at, bound.id)
            )
    ), seen AS MATERIALIZED (
        SELECT glance.no, glance.task_name, glance.queue, glance.priority, glance.floor_at, glance.floor_id, run_at, id
        FROM glance
        WHERE no NOT IN (SELECT no FROM deep)
        UNION ALL
        SELECT lane.no, lane.task_name, lane.queue, lane.priority, lane.floor_at, lane.floor_id, head.run_at, head.id
        FROM deep AS lane CROSS JOIN LATERAL (
            SELECT run_at, id
            FROM ONLY tasks
            WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
                AND
                -- same: keyed_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
                -- end
                AND run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
            ORDER BY run_at, id
            LIMIT $3::integer + 1
        ) AS head
    )
    , candidate AS MATERIALIZED (
        SELECT tasks.id, tasks.lock_key, first.nr
        FROM (
            SELECT id, row_number() OVER (ORDER BY priority, run_at, id) AS nr
            FROM seen
            ORDER BY nr
            LIMIT $3::integer
        ) AS first JOIN ONLY tasks ON tasks.id = ANY (ARRAY[first.id])
        WHERE (tasks.lock_key || '') IS NOT NULL AND
            -- same: in_time
            (expires_at IS NULL OR attempts > 0
                OR expires_at > coalesce(to_timestamp($2::double precision), statement_timestamp()))
            -- end
    ), line AS MATERIALIZED (
        SELECT lock_key, pg_catalog.array_agg(id) AS ids FROM candidate GROUP BY lock_key ORDER BY min(nr)
    ), mine AS MATERIALIZED (
        SELECT ids
        FROM line
        WHERE pg_try_advisory_xact_lock(hashtextextended(lock_key, coalesce((SELECT salt FROM ONLY task_salt), 0)))
        LIMIT $5::integer
    ), held AS MATERIALIZED (
        SELECT id
        FROM ONLY tasks
        WHERE id = ANY (ARRAY(SELECT pg_catalog.unnest(ids) FROM mine))
            AND status || '' = 'WAITING' AND lock_place <> 1
        FOR NO KEY UPDATE SKIP LOCKED
    )
    -- end
SELECT NULL AS no, NULL AS run_at, id, true AS is_locked, NULL AS task_name, NULL AS queue, NULL AS priority
FROM held
WHERE NOT (SELECT count(*) FROM due_lane) >= 200
UNION ALL
SELECT no, run_at, id, id IN (SELECT id FROM held), NULL AS task_name, NULL AS queue, priority
FROM seen
WHERE (SELECT count(*) FROM due_lane) >= 200
UNION ALL
SELECT no, run_at, id, false, task_name, queue, priority
FROM due_lane
WHERE (SELECT count(*) FROM due_lane) >= 200
UNION ALL
SELECT 0, NULL, NULL, false, task_name, queue, priority
FROM (
    SELECT DISTINCT ON (task_name) task_name, queue, priority
    FROM seen_lane
    WHERE (SELECT count(*) FROM seen_lane) >= 10000
    ORDER BY task_name, queue DESC, priority DESC
) AS place
UNION ALL
SELECT NULL, NULL, count(*), false, NULL, NULL, NULL
FROM seen
WHERE NOT (SELECT count(*) FROM due_lane) >= 200
