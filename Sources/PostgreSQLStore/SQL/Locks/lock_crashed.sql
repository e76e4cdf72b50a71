-- Keys of rows whose runs died that do not hold them, because they were sent back by hand with their crashes: they are
-- claimed with their key only.
--
-- status || '': not a condition that a partial index has. A plan made while such rows were rare would go through all of
-- that index for each number.
-- (… || '') IS NOT NULL: not a condition that a partial index has, so the planner does not go by that one.
-- A row gets its key when it is claimed: one that never was holds it by hand only.
--
-- $1 limit  int4  so many keys
-- Returns lock_key.
SELECT lock_key
FROM ONLY tasks
-- Of the key not a condition that lets the planner go by tasks_lock_line.
WHERE status = 'WAITING' AND crashes > 0 AND (lock_key || '') IS NOT NULL AND lock_place <> 2
    AND NOT EXISTS (
        SELECT
        FROM ONLY tasks AS holder
        WHERE holder.lock_key = tasks.lock_key AND holder.lock_place = 2 AND
            -- same: believable_holder
            holder.status || '' <> 'FAILED'
                AND NOT (holder.status || '' = 'WAITING' AND holder.claim_no = 0 AND holder.crashes = 0)
            -- end
    )
LIMIT $1::integer
