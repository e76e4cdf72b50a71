-- Names of waiting tasks, found by stepping from name to name, through both indexes of due rows.
--
-- $1 limit  int4  the most names
-- Returns task_name.
WITH RECURSIVE name AS (
    SELECT '' COLLATE "C" AS task_name
    UNION ALL
    SELECT next.task_name
    FROM name AS name CROSS JOIN LATERAL (
        SELECT task_name
        FROM ONLY tasks
        WHERE tasks.task_name > name.task_name AND task_is_plain(tasks)
        ORDER BY task_name
        LIMIT 1
    ) AS next
), keyed AS (
    SELECT '' COLLATE "C" AS task_name
    UNION ALL
    SELECT next.task_name
    FROM keyed AS name CROSS JOIN LATERAL (
        SELECT task_name
        FROM ONLY tasks
        WHERE tasks.task_name > name.task_name AND task_is_keyed(tasks)
        ORDER BY task_name
        LIMIT 1
    ) AS next
)
(SELECT task_name FROM name WHERE task_name <> '' LIMIT $1::integer)
UNION
(SELECT task_name FROM keyed WHERE task_name <> '' LIMIT $1::integer)
UNION
(SELECT DISTINCT task_name FROM ONLY tasks WHERE status = 'WAITING' AND crashes > 0 LIMIT $1::integer)
ORDER BY task_name
LIMIT $1::integer
