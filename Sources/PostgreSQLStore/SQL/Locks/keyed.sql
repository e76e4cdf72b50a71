-- Locks the lock keys of the first rows of these names that are to be looked at, if no other transaction has them, and
-- then these rows.
--
-- The keys come first: no row is locked whose key another transaction has, and the look goes on to the next one.
--
-- It goes from lane to lane as lanes.sql does, or to known lanes only. It returns the rows that were locked
-- (is_locked), and how many were seen in a row without a lane's number. If there are many lanes, or known ones, it
-- returns all rows that were seen and all lanes that it found with a due row: see KeyedLook. It ends at 10000 lanes;
-- then rows numbered 0 say how far it came: the last lane of each name.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
-- (… || '') IS NOT NULL: no partial index has this condition, so the planner does not use one.
-- With many lanes it would cost far too much to read as many rows of each lane as are wanted of all. So the statement
-- reads a few rows of each lane first (peek, to this depth). That gives a bound: no wanted row comes after it. Only
-- lanes whose rows in the first reading all come before the bound (deep) are read further, each to one row more than is
-- wanted. They are few, as together they have no more such rows than are wanted. No scan ends at the bound itself: if
-- only their numbers tell rows apart, the server reads all that are due at that moment, and one INSERT can have a
-- million.
-- Each claim checks whether a row may still start (in_time): an expired row may not have been found, or was locked
-- then.
-- The salt makes an advisory lock's number one that only roles which may read the table can compute.
--
-- $1  names             text[]  task names
-- $2  now               float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $3  limit             int4    the most rows
-- $4  pattern           text    a regular expression for the queues, or NULL for all queues
-- $5  queues            text[]  of each name the queue of the last lane that was seen before
-- $6  priorities        int8[]  and its priority
-- $7  keys              int4    the most keys to lock
-- $8  listed            text[]  the queues, if they are listed: then no lane of another queue is read; or NULL
-- $9  known_names       text[]  task names of known lanes: then there are no other names
-- $10 known_queues      text[]  their queues
-- $11 known_priorities  int4[]  their priorities
-- Returns no, run_at, id, is_locked, task_name, queue, priority.
WITH RECURSIVE wanted AS (
    SELECT DISTINCT name.task_name COLLATE "C" AS task_name, coalesce(listed.queue, name.queue) COLLATE "C" AS queue,
        name.priority, NULL::timestamptz AS run_at, NULL::bigint AS id,
        CASE WHEN listed.queue IS NULL THEN name.task_name || E'\x01' ELSE name.task_name END AS end_name,
        coalesce(listed.queue || E'\x01', '') AS end_queue
    FROM unnest($1::text[], $5::text[], $6::bigint[]) AS name (task_name, queue, priority)
        LEFT JOIN pg_catalog.unnest($8::text[]) AS listed (queue) ON true
), lane AS (
    SELECT * FROM wanted
    UNION ALL
    SELECT head.*, lane.end_name, lane.end_queue
    FROM lane CROSS JOIN LATERAL (
        SELECT task_name, queue, priority, run_at, id
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name AND (tasks.queue, tasks.priority) > (lane.queue, lane.priority)
            AND (tasks.task_name, tasks.queue) < (lane.end_name, lane.end_queue) AND task_is_keyed(tasks)
        ORDER BY queue, priority, run_at, id
        LIMIT 1
    ) AS head
), seen_lane AS MATERIALIZED (
    SELECT * FROM lane WHERE id IS NOT NULL LIMIT 10000
), due_lane AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY priority, run_at, id) AS no, task_name, queue, priority, run_at, id
    FROM seen_lane AS lane
    WHERE run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
        AND ($4::text IS NULL OR lane.queue ~ $4::text) AND
        -- same: lane_open
        lane.queue NOT IN (
            SELECT q.queue FROM ONLY task_queues AS q
            WHERE q.paused_until > coalesce(to_timestamp($2::double precision), statement_timestamp())
        )
        -- end
), first_lane AS MATERIALIZED (
    SELECT no, task_name, queue, priority
    FROM due_lane
    WHERE no <= $3::integer
    UNION ALL
    SELECT no, task_name, queue, priority
    FROM unnest($9::text[], $10::text[], $11::integer[]) WITH ORDINALITY AS known (task_name, queue, priority, no)
), size AS MATERIALIZED (
    SELECT pg_catalog.cardinality($9::text[]) > 0 OR (SELECT count(*) FROM due_lane) >= 200 AS is_great,
        least(2 * $3::integer / greatest(count(*), 1) + 1, $3::integer + 1) AS depth
    FROM first_lane
), peek AS MATERIALIZED (
    SELECT lane.*, head.run_at, head.id, head.nr
    FROM first_lane AS lane CROSS JOIN LATERAL (
        SELECT run_at, id, row_number() OVER () AS nr
        FROM (
            SELECT run_at, id
            FROM ONLY tasks
            WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
                AND task_is_keyed(tasks)
                AND run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
            ORDER BY run_at, id
            LIMIT (SELECT depth FROM size)
        ) AS head
    ) AS head
), bound AS MATERIALIZED (
    SELECT priority, run_at, id
    FROM peek
    ORDER BY priority, run_at, id
    LIMIT 1 OFFSET $3::integer - 1
), deep AS MATERIALIZED (
    SELECT peek.no, peek.task_name, peek.queue, peek.priority
    FROM peek LEFT JOIN bound ON true
    WHERE peek.nr = (SELECT depth FROM size) AND (SELECT depth FROM size) <= $3::integer
        AND (
            bound.id IS NULL
            OR (peek.priority, peek.run_at, peek.id) <= (bound.priority, bound.run_at, bound.id)
        )
), seen AS MATERIALIZED (
    SELECT no, priority, run_at, id
    FROM peek
    WHERE no NOT IN (SELECT no FROM deep)
    UNION ALL
    SELECT lane.no, lane.priority, head.run_at, head.id
    FROM deep AS lane CROSS JOIN LATERAL (
        SELECT run_at, id
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
            AND task_is_keyed(tasks)
            AND run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
        ORDER BY run_at, id
        LIMIT $3::integer + 1
    ) AS head
), candidate AS MATERIALIZED (
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
    LIMIT $7::integer
), held AS MATERIALIZED (
    SELECT id
    FROM ONLY tasks
    WHERE id = ANY (ARRAY(SELECT pg_catalog.unnest(ids) FROM mine))
        AND status || '' = 'WAITING' AND lock_place <> 1
    FOR NO KEY UPDATE SKIP LOCKED
)
SELECT NULL AS no, NULL AS run_at, id, true AS is_locked, NULL AS task_name, NULL AS queue, NULL AS priority
FROM held
WHERE NOT (SELECT is_great FROM size)
UNION ALL
SELECT no, run_at, id, id IN (SELECT id FROM held), NULL AS task_name, NULL AS queue, priority
FROM seen
WHERE (SELECT is_great FROM size)
UNION ALL
SELECT no, run_at, id, false, task_name, queue, priority
FROM due_lane
WHERE (SELECT is_great FROM size)
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
WHERE NOT (SELECT is_great FROM size)
