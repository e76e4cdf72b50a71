-- Whether any row waits behind another one, or is left without its key: see lock_crashed.sql.
--
-- (… || '') IS NOT NULL: not a condition that a partial index has, so the planner does not go by that one.
--
-- Returns any_behind.
SELECT EXISTS (SELECT FROM ONLY tasks WHERE
    -- same: behind_rows
    status = 'WAITING' AND lock_place = 1 AND (lock_key || '') IS NOT NULL
    -- end
)
    OR EXISTS (
        SELECT
        FROM ONLY tasks
        WHERE status = 'WAITING' AND crashes > 0 AND (lock_key || '') IS NOT NULL AND lock_place <> 2
    ) AS any_behind
