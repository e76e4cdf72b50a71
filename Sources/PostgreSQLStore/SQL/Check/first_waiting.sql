-- The waiting rows that `taskrun check` tries to claim; some of each kind.
--
-- The orders within are those of the indexes of these kinds: without one the planner may read the whole table.
--
-- $1 limit  int4  the most rows
-- Returns id.
SELECT id
FROM (
    (
        SELECT id
        FROM ONLY tasks
        WHERE
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
        ORDER BY task_name, queue, priority, run_at, id
        LIMIT $1::integer
    )
    UNION ALL
    (
        SELECT id
        FROM ONLY tasks
        WHERE
            -- same: keyed_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
            -- end
        ORDER BY task_name, queue, priority, run_at, id
        LIMIT $1::integer
    )
    UNION ALL
    (
        SELECT id
        FROM ONLY tasks
        WHERE status = 'WAITING' AND crashes > 0 AND after_batch IS NULL
        ORDER BY crashes, priority, run_at, id
        LIMIT $1::integer
    )
    UNION ALL
    (
        SELECT id
        FROM ONLY tasks
        WHERE lock_place = 1 AND status = 'WAITING' AND crashes = 0
        ORDER BY id
        LIMIT $1::integer
    )
) AS found
ORDER BY id
LIMIT $1::integer
