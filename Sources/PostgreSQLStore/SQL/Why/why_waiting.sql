-- The waiting rows of a queue, of a task name, or all, up to so many that are looked at.
--
-- Rows without a lock key or batch, and rows that are the next ones of their lock keys, are found by name and queue.
-- The others have no index by name: they are looked at one after the other, come last, and is_wanted says whether they
-- are of that queue and name. If it returns as many rows as it may, there may be more.
--
-- $1 name   text  the task name, or NULL for all
-- $2 queue  text  the queue, or NULL for all
-- $3 limit  int8  the most rows to look at
-- Returns id, is_wanted.
WITH RECURSIVE plain_step (task_name) AS (
    (
        SELECT task_name
        FROM ONLY tasks
        WHERE $1::text IS NULL AND
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
        ORDER BY task_name
        LIMIT 1
    )
    UNION ALL
    SELECT next.task_name
    FROM plain_step AS name CROSS JOIN LATERAL (
        SELECT task_name
        FROM ONLY tasks
        WHERE tasks.task_name > name.task_name AND
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
        ORDER BY task_name
        LIMIT 1
    ) AS next
), keyed_step (task_name) AS (
    (
        SELECT task_name
        FROM ONLY tasks
        WHERE $1::text IS NULL AND
            -- same: keyed_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
            -- end
        ORDER BY task_name
        LIMIT 1
    )
    UNION ALL
    SELECT next.task_name
    FROM keyed_step AS name CROSS JOIN LATERAL (
        SELECT task_name
        FROM ONLY tasks
        WHERE tasks.task_name > name.task_name AND
            -- same: keyed_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
            -- end
        ORDER BY task_name
        LIMIT 1
    ) AS next
), plain_name AS MATERIALIZED (
    SELECT $1::text COLLATE "C" AS task_name
    WHERE $1::text IS NOT NULL
    UNION ALL
    (SELECT task_name FROM plain_step LIMIT 10000)
), keyed_name AS MATERIALIZED (
    SELECT $1::text COLLATE "C" AS task_name
    WHERE $1::text IS NOT NULL
    UNION ALL
    (SELECT task_name FROM keyed_step LIMIT 10000)
)
SELECT found.id, true AS is_wanted
FROM plain_name AS name CROSS JOIN LATERAL (
    SELECT id
    FROM ONLY tasks
    WHERE tasks.task_name = name.task_name AND tasks.queue = $2::text AND
        -- same: plain_rows
        status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
        -- end
    LIMIT $3::bigint
) AS found
UNION ALL
SELECT found.id, true AS is_wanted
FROM plain_name AS name CROSS JOIN LATERAL (
    SELECT id
    FROM ONLY tasks
    WHERE tasks.task_name = name.task_name AND $2::text IS NULL AND
        -- same: plain_rows
        status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
        -- end
    LIMIT $3::bigint
) AS found
UNION ALL
SELECT found.id, true AS is_wanted
FROM keyed_name AS name CROSS JOIN LATERAL (
    SELECT id
    FROM ONLY tasks
    WHERE tasks.task_name = name.task_name AND tasks.queue = $2::text AND
        -- same: keyed_rows
        status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
        -- end
    LIMIT $3::bigint
) AS found
UNION ALL
SELECT found.id, true AS is_wanted
FROM keyed_name AS name CROSS JOIN LATERAL (
    SELECT id
    FROM ONLY tasks
    WHERE tasks.task_name = name.task_name AND $2::text IS NULL AND
        -- same: keyed_rows
        status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
        -- end
    LIMIT $3::bigint
) AS found
UNION ALL
SELECT id, coalesce(task_name = $1::text, true) AND coalesce(queue = $2::text, true) AS is_wanted
FROM ONLY tasks
WHERE status = 'WAITING' AND crashes > 0
UNION ALL
SELECT id, coalesce(task_name = $1::text, true) AND coalesce(queue = $2::text, true) AS is_wanted
FROM ONLY tasks
WHERE status = 'WAITING' AND lock_place = 1 AND crashes = 0
UNION ALL
SELECT id, coalesce(task_name = $1::text, true) AND coalesce(queue = $2::text, true) AS is_wanted
FROM ONLY tasks
WHERE after_batch IS NOT NULL AND status = 'WAITING' AND crashes = 0
LIMIT $3::bigint
