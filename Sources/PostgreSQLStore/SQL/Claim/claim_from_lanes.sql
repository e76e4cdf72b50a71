-- Claims from many lanes, and the locked rows of crashed.sql if they come first.
--
-- It finds out without locks which rows come first of all lanes (seen). Then it locks exactly the rows that it takes,
-- so runs that claim at the same time do not get in each other's way.
--
-- rows says how many rows there were to claim: if more than were claimed, other runs were faster. If it is NULL, the
-- row was not claimed: it is the first one that is left in a lane, with its name, queue, priority, moment and number. A
-- lane without such a row is empty.
--
-- concat(…)::bigint is an error that names the state which a trigger has given the row: if a trigger has undone what
-- makes a row the run's, the whole claim is refused.
-- The floor: as far as is known, no waiting row of a lane comes before it. Without it each claim would read again the
-- index entries of rows that were claimed before, as long as any transaction could still see them.
-- With many lanes it would cost far too much to read as many rows of each lane as are wanted of all. So the statement
-- reads a few rows of each lane first (peek). That gives a bound: no wanted row comes after it. Only lanes whose rows
-- in the first reading all come before the bound (deep) are read further, each to one row more than is wanted. They are
-- few, as together they have no more such rows than are wanted. No scan ends at the bound itself: if only their numbers
-- tell rows apart, the server reads all that are due at that moment, and one INSERT can have a million.
-- Each claim checks whether a row may still start (in_time): an expired row may not have been found, or was locked
-- then.
-- No task starts if the schema needs a newer program. A migration that says so has altered or locked the table tasks,
-- so a statement that began before it ends before it.
-- Rows are locked FOR NO KEY UPDATE: this keeps other runs away, but not programs that only refer to the row.
-- The attempt is counted here, before it begins.
-- Rows are found by their ctid, which saves a search in the primary key.
--
-- $1  owner       text    the run
-- $2  lease       float8  in seconds
-- $3  now         float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $4  limit       int4    the most rows
-- $5  names       text[]  task names of the lanes
-- $6  queues      text[]  their queues
-- $7  priorities  int4[]  their priorities
-- $8  floors      int8[]  moments before which none of their rows waits, in microseconds since 2000
-- $9  floor_ids   int8[]  row numbers that belong to these moments
-- $10 locked      int8[]  ids of the rows that crashed.sql has locked
-- $11 depth       int4    how many rows of each lane are read first
-- $12 bytes       int8    the most payload, in bytes
-- $13 left_out    int8[]  ids of rows that the table refuses to let be claimed
-- $14 version     int4    the newest schema version that the program knows
-- Returns rows, id, claim_no, run_at, data, attempts, max_attempts, timeout_seconds, token, batch, is_cancel_requested,
-- lease_expires_at, task_name, queue, priority, crashes, lock_key.
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
    SELECT ctid AS place, id, priority, run_at, task_payload_size(data) AS size
    FROM ONLY tasks
    WHERE id = ANY ($10::bigint[]) AND
        -- same: in_time
        (expires_at IS NULL OR attempts > 0
            OR expires_at > coalesce(to_timestamp($3::double precision), statement_timestamp()))
        -- end
),
    -- same: first_rows
    peek AS MATERIALIZED (
        SELECT lane.no, lane.task_name, lane.queue, lane.priority, lane.floor_at, lane.floor_id, head.run_at, head.id,
            head.nr
        FROM lane CROSS JOIN LATERAL (
            SELECT run_at, id, row_number() OVER () AS nr
            FROM (
                SELECT run_at, id
                FROM ONLY tasks
                WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
                    AND task_is_plain(tasks)
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
            SELECT priority, run_at, id FROM peek
            UNION ALL SELECT priority, run_at, id FROM crashed
        ) AS known
        ORDER BY priority, run_at, id
        LIMIT 1 OFFSET $4::integer - 1
    ), deep AS MATERIALIZED (
        SELECT peek.no, peek.task_name, peek.queue, peek.priority, peek.floor_at, peek.floor_id
        FROM peek LEFT JOIN bound ON true
        WHERE peek.nr = $11::integer AND $11::integer <= $4::integer
            AND (
                bound.id IS NULL
                OR (peek.priority, peek.run_at, peek.id) <= (bound.priority, bound.run_at, bound.id)
            )
    ), seen AS MATERIALIZED (
        SELECT peek.no, peek.task_name, peek.queue, peek.priority, peek.floor_at, peek.floor_id, run_at, id
        FROM peek
        WHERE no NOT IN (SELECT no FROM deep)
        UNION ALL
        SELECT lane.no, lane.task_name, lane.queue, lane.priority, lane.floor_at, lane.floor_id, head.run_at, head.id
        FROM deep AS lane CROSS JOIN LATERAL (
            SELECT run_at, id
            FROM ONLY tasks
            WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
                AND task_is_plain(tasks)
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
        SELECT run_at, id, ctid AS place, task_payload_size(data) AS size
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
            AND task_is_plain(tasks)
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
        (SELECT coalesce(max(least_version), 0) FROM ONLY task_migrations) <= $14::integer
        -- end
        AND ctid = ANY (ARRAY(SELECT place FROM fitting))
    RETURNING
        -- same: lane_columns
        id,
        CASE WHEN status = 'PROCESSING' AND lease_owner = $1 AND lease_expires_at IS NOT NULL THEN claim_no
            ELSE concat('a trigger keeps the row ', status)::bigint
        END AS claim_no,
        run_at, data, attempts, max_attempts, timeout_seconds, token, batch,
        cancel_requested_at IS NOT NULL AS is_cancel_requested, lease_expires_at
        -- end
        , task_name, queue, priority, crashes, lock_key
)
SELECT found.rows, taken.*
FROM (SELECT count(*) AS rows FROM best) AS found LEFT JOIN taken ON true
UNION ALL
SELECT NULL, id, NULL, run_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, task_name, queue, priority, NULL, NULL
FROM (
    SELECT DISTINCT ON (no) task_name, queue, priority, run_at, id
    FROM seen
    WHERE id NOT IN (SELECT id FROM taken)
    ORDER BY no, run_at, id
) AS remaining
