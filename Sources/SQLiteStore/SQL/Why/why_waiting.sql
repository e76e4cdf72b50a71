-- The waiting rows of a queue, of a task name, or all, up to so many that are looked at.
--
-- Rows without a lock key or batch, and rows that are the next ones of their lock keys, are found by name and queue.
-- The others have no index by name: they are looked at one after the other, come last, and is_wanted says whether they
-- are of that queue and name. If it returns as many rows as it may, there may be more.
--
-- :name   text     the task name, or NULL for all
-- :queue  text     the queue, or NULL for all
-- :limit  integer  the most rows to look at
-- Returns id, is_wanted.
WITH RECURSIVE plain_name (task_name) AS (
    SELECT coalesce(
        :name,
        (
            SELECT tasks.task_name
            FROM tasks INDEXED BY tasks_due
            WHERE
                -- same: plain_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
                -- end
            ORDER BY tasks.task_name
            LIMIT 1
        )
    )
    UNION ALL
    SELECT (
            SELECT tasks.task_name
            FROM tasks INDEXED BY tasks_due
            WHERE
                -- same: plain_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
                -- end
                AND tasks.task_name > plain_name.task_name
            ORDER BY tasks.task_name
            LIMIT 1
        )
    FROM plain_name
    WHERE :name IS NULL AND plain_name.task_name IS NOT NULL
    LIMIT 10000
), keyed_name (task_name) AS (
    SELECT coalesce(
        :name,
        (
            SELECT tasks.task_name
            FROM tasks INDEXED BY tasks_lock_open
            WHERE
                -- same: keyed_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
                -- end
            ORDER BY tasks.task_name
            LIMIT 1
        )
    )
    UNION ALL
    SELECT (
            SELECT tasks.task_name
            FROM tasks INDEXED BY tasks_lock_open
            WHERE
                -- same: keyed_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
                -- end
                AND tasks.task_name > keyed_name.task_name
            ORDER BY tasks.task_name
            LIMIT 1
        )
    FROM keyed_name
    WHERE :name IS NULL AND keyed_name.task_name IS NOT NULL
    LIMIT 10000
)
SELECT tasks.id, 1 AS is_wanted
FROM plain_name CROSS JOIN tasks INDEXED BY tasks_due
WHERE
    -- same: plain_rows
    status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
    -- end
    AND tasks.task_name = plain_name.task_name AND tasks.queue = :queue
UNION ALL
SELECT tasks.id, 1 AS is_wanted
FROM plain_name CROSS JOIN tasks INDEXED BY tasks_due
WHERE
    -- same: plain_rows
    status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
    -- end
    AND tasks.task_name = plain_name.task_name AND :queue IS NULL
UNION ALL
SELECT tasks.id, 1 AS is_wanted
FROM keyed_name CROSS JOIN tasks INDEXED BY tasks_lock_open
WHERE
    -- same: keyed_rows
    status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
    -- end
    AND tasks.task_name = keyed_name.task_name AND tasks.queue = :queue
UNION ALL
SELECT tasks.id, 1 AS is_wanted
FROM keyed_name CROSS JOIN tasks INDEXED BY tasks_lock_open
WHERE
    -- same: keyed_rows
    status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
    -- end
    AND tasks.task_name = keyed_name.task_name AND :queue IS NULL
UNION ALL
SELECT id, coalesce(task_name = :name, 1) AND coalesce(queue = :queue, 1) AS is_wanted
FROM tasks INDEXED BY tasks_crashed
WHERE status = 'WAITING' AND crashes > 0
UNION ALL
SELECT id, coalesce(task_name = :name, 1) AND coalesce(queue = :queue, 1) AS is_wanted
FROM tasks INDEXED BY tasks_lock_behind
WHERE status = 'WAITING' AND lock_place = 1 AND crashes = 0
UNION ALL
SELECT id, coalesce(task_name = :name, 1) AND coalesce(queue = :queue, 1) AS is_wanted
FROM tasks INDEXED BY tasks_after_batch
WHERE after_batch IS NOT NULL AND status = 'WAITING' AND crashes = 0
LIMIT :limit
