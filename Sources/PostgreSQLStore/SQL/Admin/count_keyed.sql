-- Counts the waiting rows with a lock key, those that a claim looks at, of each lane, up to so many.
--
-- The lanes are found by stepping from one to the next.
--
-- $1 lanes  int8  the most lanes
-- $2 most   int8  the most rows of a lane to count
-- Returns queue, task_name, tasks, due, oldest_due.
WITH RECURSIVE step (task_name, queue, priority) AS (
    (
        SELECT task_name, queue, priority
        FROM ONLY tasks
        WHERE
            -- same: keyed_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
            -- end
        ORDER BY task_name, queue, priority
        LIMIT 1
    )
    UNION ALL
    SELECT next.task_name, next.queue, next.priority
    FROM step CROSS JOIN LATERAL (
        SELECT task_name, queue, priority
        FROM ONLY tasks
        WHERE (tasks.task_name, tasks.queue, tasks.priority) > (step.task_name, step.queue, step.priority) AND
            -- same: keyed_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
            -- end
        ORDER BY task_name, queue, priority
        LIMIT 1
    ) AS next
), lane AS MATERIALIZED (SELECT task_name, queue, priority FROM step LIMIT $1::bigint)
SELECT lane.queue, lane.task_name, counted.tasks, counted.due, counted.oldest_due
FROM lane CROSS JOIN LATERAL (
    SELECT count(*) AS tasks, count(*) FILTER (WHERE seen.run_at <= now()) AS due,
        min(seen.run_at) FILTER (WHERE seen.run_at <= now()) AS oldest_due
    FROM (
        SELECT run_at
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority AND
            -- same: keyed_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
            -- end
        ORDER BY tasks.run_at
        LIMIT $2::bigint
    ) AS seen
) AS counted
