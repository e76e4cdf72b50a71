-- Counts the waiting rows without a lock key or batch of each lane, up to so many.
--
-- The lanes are found by stepping from one to the next: for (queue, priority) > (…) SQLite would read all rows of the
-- equal queue. No column outside of the index is read.
--
-- :lanes  integer  the most lanes
-- :most   integer  the most rows of a lane to count
-- :now    text     the current moment
-- Returns queue, task_name (bytes), status, number, due (how many are due), oldest_due (Julian day, or NULL).
WITH RECURSIVE name (task_name) AS (
    SELECT (
        SELECT tasks.task_name
        FROM tasks INDEXED BY tasks_due
        WHERE
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
        ORDER BY tasks.task_name
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT tasks.task_name
        FROM tasks INDEXED BY tasks_due
        WHERE
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
            AND tasks.task_name > name.task_name
        ORDER BY tasks.task_name
        LIMIT 1
    )
    FROM name
    WHERE name.task_name IS NOT NULL
    LIMIT :lanes
), line (task_name, queue) AS (
    SELECT name.task_name, (
        SELECT tasks.queue
        FROM tasks INDEXED BY tasks_due
        WHERE
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
            AND tasks.task_name = name.task_name
        ORDER BY tasks.queue
        LIMIT 1
    )
    FROM name
    WHERE name.task_name IS NOT NULL
    UNION ALL
    SELECT line.task_name, (
        SELECT tasks.queue
        FROM tasks INDEXED BY tasks_due
        WHERE
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
            AND tasks.task_name = line.task_name AND tasks.queue > line.queue
        ORDER BY tasks.queue
        LIMIT 1
    )
    FROM line
    WHERE line.queue IS NOT NULL
    LIMIT :lanes
), lane (task_name, queue, priority) AS (
    SELECT line.task_name, line.queue, (
        SELECT tasks.priority
        FROM tasks INDEXED BY tasks_due
        WHERE
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
            AND tasks.task_name = line.task_name AND tasks.queue = line.queue
        ORDER BY tasks.priority
        LIMIT 1
    )
    FROM line
    WHERE line.queue IS NOT NULL
    UNION ALL
    SELECT lane.task_name, lane.queue, (
        SELECT tasks.priority
        FROM tasks INDEXED BY tasks_due
        WHERE
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
            AND tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority > lane.priority
        ORDER BY tasks.priority
        LIMIT 1
    )
    FROM lane
    WHERE lane.priority IS NOT NULL
    LIMIT :lanes
)
SELECT CAST(lane.queue AS BLOB) AS queue, CAST(lane.task_name AS BLOB) AS task_name,
    CAST('WAITING' AS BLOB) AS status,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM tasks INDEXED BY tasks_due
            WHERE
                -- same: plain_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
                -- end
                AND tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
            LIMIT :most
        )
    ) AS number,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM tasks INDEXED BY tasks_due
            WHERE
                -- same: plain_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
                -- end
                AND tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
                AND julianday(tasks.run_at) <= julianday(:now)
            LIMIT :most
        )
    ) AS due,
    (
        SELECT julianday(tasks.run_at)
        FROM tasks INDEXED BY tasks_due
        WHERE
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
            AND tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
            AND julianday(tasks.run_at) <= julianday(:now)
        ORDER BY julianday(tasks.run_at)
        LIMIT 1
    ) AS oldest_due
FROM lane
WHERE lane.priority IS NOT NULL
