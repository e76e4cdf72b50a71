-- claim_from_lanes_except.sql for servers before version 14.
--
-- Which rows are the best of all is found out without locks (seen), for then exactly as many rows a lane can be locked
-- as are taken, and runs that claim at the same time do not stand in each other's way.
--
-- rows says how many rows there were to claim: more than were claimed means that other runs were faster. Where it is
-- NULL the row was not claimed: it is the first one that is left of a lane, with its name, queue, priority, moment and
-- number. A lane that was taken from and has none is empty.
--
-- Before version 14 the server does not say how a value is compressed: what does not fit into a row as it is counts as
-- large as it can be at most, 88 times for pglz (273 bytes from little more than three). So a claim of large compressed
-- payloads brings fewer rows than would fit, never more.
-- concat(…)::bigint is an error that says in which state a trigger has put a row: where one has put back what makes a
-- row the run's, the claim is refused as a whole.
-- The floor: no waiting row of a lane stands before it, as far as is known. Without it each claim would go again
-- through what is left in the index of the rows that were taken before, for as long as any transaction could still see
-- them.
-- To read so many rows of each lane as are wanted of all would be far too much where lanes are many, so there is a
-- glance at a few of each at first. It gives a bound that the rows wanted cannot lie behind. Only the lanes of which
-- all the rows in the glance lie before it (deep) are read further, and one row more of each: they are few, for
-- together they have no more such rows than are wanted. No scan ends at the bound itself: of rows that end one by their
-- number alone, the server reads all that are due at that moment, and of one INSERT there can be a million.
-- Each claim asks whether a row may still be begun (in_time): what has expired may not have been found, or was locked
-- when it was.
-- Nothing is begun where the schema says that it needs a newer program. A migration that says so has altered or locked
-- tasks: a statement that began before it ends before it.
-- Rows are locked FOR NO KEY UPDATE: it keeps other runs away, but no program that only refers to the row. An attempt
-- is counted here, before it begins.
-- Rows are found by their place, which saves the way down the primary key.
--
-- $1  owner       text    the run
-- $2  lease       float8  in seconds
-- $3  now         float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
-- $4  limit       int4    so many rows
-- $5  names       text[]  task names of the lanes
-- $6  queues      text[]  their queues
-- $7  priorities  int4[]  their priorities
-- $8  floors      int8[]  moments before which none of their rows wait, in microseconds since 2000
-- $9  floor_ids   int8[]  numbers to these moments
-- $10 locked      int8[]  ids of the rows that crashed.sql has locked
-- $11 depth       int4    so many rows of a lane are glanced at
-- $12 bytes       int8    so much payload
-- $13 left_out    int8[]  ids of rows that the table does not let be claimed
-- Returns rows, id, claim_no, run_at, data, attempts, max_attempts, timeout_seconds, token, batch, is_cancelled,
-- task_name, queue, priority, crashes, lock_key.
WITH lane AS MATERIALIZED (
    SELECT no, task_name, queue, priority,
        (
            timestamptz '2000-01-01 00:00+00'
            + make_interval(secs => floor_at::double precision / 1000000::double precision)
        ) AS floor_at,
        floor_id
    FROM unnest($5::text[], $6::text[], $7::integer[], $8::bigint[], $9::bigint[])
        WITH ORDINALITY AS lane (task_name, queue, priority, floor_at, floor_id, no)
), crashed AS MATERIALIZED (
    SELECT ctid AS place, id, priority, run_at,
        -- same: payload_size_before_14
        CASE
            WHEN pg_catalog.pg_column_size(data) < 1900 THEN pg_catalog.pg_column_size(data)
            ELSE least(pg_catalog.pg_column_size(data)::bigint * 88, 1073741824)::integer
        END
        -- end
        AS size
    FROM ONLY tasks
    WHERE id = ANY ($10::bigint[]) AND
        -- same: in_time
        (expires_at IS NULL OR attempts > 0
            OR expires_at > coalesce(to_timestamp($3::double precision), statement_timestamp()))
        -- end
),
    -- same: first_rows_except
    glance AS MATERIALIZED (
        SELECT lane.no, lane.task_name, lane.queue, lane.priority, lane.floor_at, lane.floor_id, head.run_at, head.id,
            head.nr
        FROM lane CROSS JOIN LATERAL (
            SELECT run_at, id, row_number() OVER () AS nr
            FROM (
                SELECT run_at, id
                FROM ONLY tasks
                WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
                    AND
                    -- same: plain_rows
                    status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
                    -- end
                    AND tasks.id <> ALL ($13::bigint[])
                    AND run_at <= coalesce(to_timestamp($3::double precision), statement_timestamp())
                    AND (tasks.run_at, tasks.id) >= (lane.floor_at, lane.floor_id)
                ORDER BY run_at, id
                LIMIT $11::integer
            ) AS head
        ) AS head
    ), bound AS MATERIALIZED (
        SELECT priority, run_at, id
        FROM (
            SELECT priority, run_at, id FROM glance
            UNION ALL SELECT priority, run_at, id FROM crashed
        ) AS known
        ORDER BY priority, run_at, id
        LIMIT 1 OFFSET $4::integer - 1
    ), deep AS MATERIALIZED (
        SELECT glance.no, glance.task_name, glance.queue, glance.priority, glance.floor_at, glance.floor_id
        FROM glance LEFT JOIN bound ON true
        WHERE glance.nr = $11::integer AND $11::integer <= $4::integer
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
                -- same: plain_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
                -- end
                AND tasks.id <> ALL ($13::bigint[])
                AND run_at <= coalesce(to_timestamp($3::double precision), statement_timestamp())
                AND (tasks.run_at, tasks.id) >= (lane.floor_at, lane.floor_id)
            ORDER BY run_at, id
            LIMIT $4::integer + 1
        ) AS head
    )
    -- end
, best AS MATERIALIZED (
    SELECT seen.no, seen.task_name, seen.queue, seen.priority, seen.floor_at, seen.floor_id, run_at, id,
        NULL::tid AS place, NULL::integer AS size FROM seen
    UNION ALL
    SELECT NULL, NULL, NULL, priority, NULL, NULL, run_at, id, place, size FROM crashed
    ORDER BY priority, run_at, id
    LIMIT $4::integer
), free AS (
    SELECT lane.priority, locked.run_at, locked.id, locked.place, locked.size
    FROM (
        SELECT best.no, best.task_name, best.queue, best.priority, best.floor_at, best.floor_id, count(*) AS quota
        FROM best
        WHERE no IS NOT NULL
        GROUP BY best.no, best.task_name, best.queue, best.priority, best.floor_at, best.floor_id
    ) AS lane CROSS JOIN LATERAL (
        SELECT run_at, id, ctid AS place,
            -- same: payload_size_before_14
            CASE
                WHEN pg_catalog.pg_column_size(data) < 1900 THEN pg_catalog.pg_column_size(data)
                ELSE least(pg_catalog.pg_column_size(data)::bigint * 88, 1073741824)::integer
            END
            -- end
            AS size
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
            AND
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
            AND tasks.id <> ALL ($13::bigint[])
            AND run_at <= coalesce(to_timestamp($3::double precision), statement_timestamp())
            AND (tasks.run_at, tasks.id) >= (lane.floor_at, lane.floor_id) AND
            -- same: in_time
            (expires_at IS NULL OR attempts > 0
                OR expires_at > coalesce(to_timestamp($3::double precision), statement_timestamp()))
            -- end
        ORDER BY run_at, id
        LIMIT lane.quota
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS locked
    UNION ALL
    SELECT priority, run_at, id, place, size FROM best WHERE no IS NULL
), fitting AS (
    SELECT place
    FROM (
        SELECT place,
            sum(size) OVER (ORDER BY priority, run_at, id ROWS UNBOUNDED PRECEDING) - size AS bytes_before
        FROM free
    ) AS summed
    WHERE bytes_before < $12::bigint
), taken AS (
    UPDATE ONLY tasks
    -- same: claim_set
    SET status = 'PROCESSING',
        -- A row with the greatest number there is must not stop all others.
        attempts = least(attempts, 2147483646) + 1,
        -- The greatest claim number is followed by 1.
        claim_no = claim_no % 4611686018427387904 + 1,
        lock_place = CASE WHEN lock_key IS NULL THEN lock_place ELSE 2 END,
        lease_owner = $1,
        lease_expires_at = coalesce(to_timestamp($3::double precision), statement_timestamp())
            + make_interval(secs => $2::double precision)
    -- end
    WHERE
        -- same: known_schema
        (SELECT coalesce(max(least_version), 0) FROM ONLY task_migrations) <= 9
        -- end
        AND ctid = ANY (ARRAY(SELECT place FROM fitting))
    RETURNING
        -- same: lane_columns
        id,
        CASE WHEN status = 'PROCESSING' AND lease_owner = $1 AND lease_expires_at IS NOT NULL THEN claim_no
            ELSE concat('a trigger keeps the row ', status)::bigint
        END AS claim_no,
        run_at, data, attempts, max_attempts, timeout_seconds, token, batch,
        cancel_requested_at IS NOT NULL AS is_cancelled
        -- end
        , task_name, queue, priority, crashes, lock_key
)
SELECT found.rows, taken.*
FROM (SELECT count(*) AS rows FROM best) AS found LEFT JOIN taken ON true
UNION ALL
SELECT NULL, id, NULL, run_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, task_name, queue, priority, NULL, NULL
FROM (
    SELECT DISTINCT ON (no) task_name, queue, priority, run_at, id
    FROM seen
    WHERE id NOT IN (SELECT id FROM taken)
    ORDER BY no, run_at, id
) AS remaining
