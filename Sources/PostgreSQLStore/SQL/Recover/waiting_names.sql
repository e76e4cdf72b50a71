-- Names of waiting tasks, found by stepping from name to name, through both indexes of due rows.
--
-- $1 limit  int4  so many names
-- Returns task_name.
WITH RECURSIVE name AS (

        (
            SELECT task_name
            FROM ONLY tasks
            WHERE
                -- same: plain_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
                -- end
            ORDER BY task_name
            LIMIT 1
        )
        UNION ALL
        SELECT next.task_name
        FROM name AS name CROSS JOIN LATERAL (
            SELECT task_name
            FROM ONLY tasks
            WHERE tasks.task_name > name.task_name AND
                -- same: plain_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
                -- end
            ORDER BY task_name
            LIMIT 1
        ) AS next
), keyed AS (

        (
            SELECT task_name
            FROM ONLY tasks
            WHERE
                -- same: keyed_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
                -- end
            ORDER BY task_name
            LIMIT 1
        )
        UNION ALL
        SELECT next.task_name
        FROM keyed AS name CROSS JOIN LATERAL (
            SELECT task_name
            FROM ONLY tasks
            WHERE tasks.task_name > name.task_name AND
                -- same: keyed_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
                -- end
            ORDER BY task_name
            LIMIT 1
        ) AS next
)
(SELECT task_name FROM name LIMIT $1::integer)
UNION
(SELECT task_name FROM keyed LIMIT $1::integer)
UNION
(SELECT DISTINCT task_name FROM ONLY tasks WHERE status = 'WAITING' AND crashes > 0 LIMIT $1::integer)
ORDER BY task_name
LIMIT $1::integer
