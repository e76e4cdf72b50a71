-- keyed.sql for lanes that are known: the rows that were seen, each with whether it is locked.
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
-- $1 names       text[]  task names of the lanes
-- $2 queues      text[]  their queues
-- $3 priorities  int4[]  their priorities
-- $4 now         float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
-- $5 limit       int4    so many rows
-- $6 keys        int4    so many keys are locked at most
-- Returns no, run_at, id, is_locked, task_name, queue, priority.
WITH first_lane AS MATERIALIZED (
    SELECT no, task_name, queue, priority, NULL AS floor_at, NULL AS floor_id
    FROM unnest($1::text[], $2::text[], $3::integer[]) WITH ORDINALITY AS lane (task_name, queue, priority, no)
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
                    AND run_at <= coalesce(to_timestamp($4::double precision), statement_timestamp())
                ORDER BY run_at, id
                LIMIT (SELECT least(2 * $5::integer / greatest(count(*), 1) + 1, $5::integer + 1) FROM first_lane)
            ) AS head
        ) AS head
    ), bound AS MATERIALIZED (
        SELECT priority, run_at, id
        FROM (
            SELECT priority, run_at, id FROM glance

        ) AS known
        ORDER BY priority, run_at, id
        LIMIT 1 OFFSET $5::integer - 1
    ), deep AS MATERIALIZED (
        SELECT glance.no, glance.task_name, glance.queue, glance.priority, glance.floor_at, glance.floor_id
        FROM glance LEFT JOIN bound ON true
        WHERE glance.nr = (SELECT least(2 * $5::integer / greatest(count(*), 1) + 1, $5::integer + 1) FROM first_lane)
            AND (SELECT least(2 * $5::integer / greatest(count(*), 1) + 1, $5::integer + 1)
            FROM first_lane) <= $5::integer
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
                AND run_at <= coalesce(to_timestamp($4::double precision), statement_timestamp())
            ORDER BY run_at, id
            LIMIT $5::integer + 1
        ) AS head
    )
    , candidate AS MATERIALIZED (
        SELECT tasks.id, tasks.lock_key, first.nr
        FROM (
            SELECT id, row_number() OVER (ORDER BY priority, run_at, id) AS nr
            FROM seen
            ORDER BY nr
            LIMIT $5::integer
        ) AS first JOIN ONLY tasks ON tasks.id = ANY (ARRAY[first.id])
        WHERE (tasks.lock_key || '') IS NOT NULL AND
            -- same: in_time
            (expires_at IS NULL OR attempts > 0
                OR expires_at > coalesce(to_timestamp($4::double precision), statement_timestamp()))
            -- end
    ), line AS MATERIALIZED (
        SELECT lock_key, pg_catalog.array_agg(id) AS ids FROM candidate GROUP BY lock_key ORDER BY min(nr)
    ), mine AS MATERIALIZED (
        SELECT ids
        FROM line
        WHERE pg_try_advisory_xact_lock(hashtextextended(lock_key, coalesce((SELECT salt FROM ONLY task_salt), 0)))
        LIMIT $6::integer
    ), held AS MATERIALIZED (
        SELECT id
        FROM ONLY tasks
        WHERE id = ANY (ARRAY(SELECT pg_catalog.unnest(ids) FROM mine))
            AND status || '' = 'WAITING' AND lock_place <> 1
        FOR NO KEY UPDATE SKIP LOCKED
    )
    -- end
SELECT no, run_at, id, id IN (SELECT id FROM held) AS is_locked, NULL AS task_name, NULL AS queue, priority
FROM seen
