-- Rows behind others that no claim would reach: no row holds their lock key, and claims look at no due row of that key.
-- One row per key.
--
-- :id     integer  the smallest number
-- :limit  integer  the most rows to look at
-- :now    text     the current moment
-- Returns id.
WITH some AS MATERIALIZED (
    SELECT id, lock_key
    FROM tasks INDEXED BY tasks_lock_behind
    WHERE
        -- same: behind
        status = 'WAITING' AND lock_place = 1 AND lock_key IS NOT NULL
        -- end
        AND id >= :id
    ORDER BY id
    LIMIT :limit
)
SELECT min(id) AS id
FROM some
WHERE NOT EXISTS (
        SELECT 1
        FROM tasks AS holder
        WHERE holder.lock_key = some.lock_key AND holder.lock_place = 2 AND holder.status <> 'FAILED'
            AND NOT (holder.status = 'WAITING' AND holder.claim_no = 0 AND holder.crashes = 0)
    )
    AND NOT EXISTS (
        SELECT 1
        FROM tasks AS open
        WHERE open.status = 'WAITING' AND open.lock_key IS NOT NULL AND open.lock_key = some.lock_key
            AND open.lock_place = 0 AND open.crashes = 0 AND julianday(open.run_at) <= julianday(:now)
    )
GROUP BY lock_key
