-- The keys of rows whose runs died and that do not hold them, because they were made WAITING by hand and kept their
-- crashes: they are claimed only with their key.
--
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
-- (… || '') IS NOT NULL: no partial index has this condition, so the planner does not use one.
-- A row gets its key when it is claimed: a row that was never claimed holds it only after a change by hand.
--
-- $1 limit  int4  the most keys
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
