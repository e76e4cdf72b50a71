-- Counts the FAILED rows of each task name by queue, up to so many of a name.
--
-- The names are found by stepping from one to the next.
--
-- $1 names  int8  the most names
-- $2 most   int8  the most rows of a name to count
-- Returns queue, task_name, tasks.
WITH RECURSIVE step (task_name) AS (
    (SELECT task_name FROM ONLY tasks WHERE status = 'FAILED' ORDER BY task_name LIMIT 1)
    UNION ALL
    SELECT next.task_name
    FROM step CROSS JOIN LATERAL (
        SELECT task_name
        FROM ONLY tasks
        WHERE status = 'FAILED' AND tasks.task_name > step.task_name
        ORDER BY task_name
        LIMIT 1
    ) AS next
), name AS MATERIALIZED (SELECT task_name FROM step LIMIT $1::bigint)
SELECT counted.queue, name.task_name, counted.tasks
FROM name CROSS JOIN LATERAL (
    SELECT seen.queue, count(*) AS tasks
    FROM (
        SELECT queue
        FROM ONLY tasks
        WHERE status = 'FAILED' AND tasks.task_name = name.task_name
        LIMIT $2::bigint
    ) AS seen
    GROUP BY seen.queue
) AS counted
