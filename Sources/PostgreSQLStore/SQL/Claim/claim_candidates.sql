-- The rows that a claim from lanes would lock, without locking them.
--
-- The floor: as far as is known, no waiting row of a lane comes before it. Without it each claim would read again the
-- index entries of rows that were claimed before, as long as any transaction could still see them.
-- With many lanes it would cost far too much to read as many rows of each lane as are wanted of all. So the statement
-- reads a few rows of each lane first (peek). That gives a bound: no wanted row comes after it. Only lanes whose rows
-- in the first reading all come before the bound (deep) are read further, each to one row more than is wanted. They are
-- few, as together they have no more such rows than are wanted. No scan ends at the bound itself: if only their numbers
-- tell rows apart, the server reads all that are due at that moment, and one INSERT can have a million.
--
-- $1  limit       int4    the most rows
-- $2  now         float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $3  names       text[]  task names of the lanes
-- $4  queues      text[]  their queues
-- $5  priorities  int4[]  their priorities
-- $6  floors      int8[]  moments before which none of their rows waits, in microseconds since 2000
-- $7  floor_ids   int8[]  row numbers that belong to these moments
-- $8  locked      int8[]  ids of the rows that crashed.sql has locked
-- $9  depth       int4    how many rows of each lane are read first
-- $10 left_out    int8[]  ids of rows that the table refuses to let be claimed
-- Returns id.
WITH lane AS MATERIALIZED (
    SELECT no, task_name, queue, priority,
        (
            timestamptz '2000-01-01 00:00+00'
            + make_interval(secs => floor_at::double precision / 1000000::double precision)
        ) AS floor_at,
        floor_id
    FROM unnest($3::text[], $4::text[], $5::integer[], $6::bigint[], $7::bigint[])
        WITH ORDINALITY AS lane (task_name, queue, priority, floor_at, floor_id, no)
), crashed AS MATERIALIZED (
    SELECT id, priority, run_at FROM ONLY tasks WHERE id = ANY ($8::bigint[]) AND id <> ALL ($10::bigint[])
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
                    AND tasks.id <> ALL ($10::bigint[])
                    AND run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
                    AND (tasks.run_at, tasks.id) >= (lane.floor_at, lane.floor_id)
                ORDER BY run_at, id
                LIMIT $9::integer
            ) AS head
        ) AS head
    ), bound AS MATERIALIZED (
        SELECT priority, run_at, id
        FROM (
            SELECT priority, run_at, id FROM peek
            UNION ALL SELECT priority, run_at, id FROM crashed
        ) AS known
        ORDER BY priority, run_at, id
        LIMIT 1 OFFSET $1::integer - 1
    ), deep AS MATERIALIZED (
        SELECT peek.no, peek.task_name, peek.queue, peek.priority, peek.floor_at, peek.floor_id
        FROM peek LEFT JOIN bound ON true
        WHERE peek.nr = $9::integer AND $9::integer <= $1::integer
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
                AND tasks.id <> ALL ($10::bigint[])
                AND run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
                AND (tasks.run_at, tasks.id) >= (lane.floor_at, lane.floor_id)
            ORDER BY run_at, id
            LIMIT $1::integer + 1
        ) AS head
    )
    -- end
SELECT id
FROM (
    SELECT priority, run_at, id FROM seen
    UNION ALL
    SELECT priority, run_at, id FROM crashed
    ORDER BY priority, run_at, id
    LIMIT $1::integer
) AS best
