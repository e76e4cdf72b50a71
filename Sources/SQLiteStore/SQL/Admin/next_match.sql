-- The smallest id behind another one that a row can have that is selected by a token, a batch, or else by
-- a state and a name: no row before it is selected. Only indexes are read.
--
-- The state FAILED alone, and no condition at all, have no index: it is not for these.
--
-- :token   text     a token, or NULL for all
-- :after   integer  the id
-- :batch   text     its name, or NULL for all
-- :status  text     WAITING, PROCESSING, FAILED, or NULL for all
-- :name    text     a task name, or NULL for all
-- Returns id, or NULL if there is none.
SELECT min(id) AS id
FROM (
    SELECT min(id) AS id
    FROM tasks INDEXED BY tasks_token
    WHERE :token IS NOT NULL AND token IS NOT NULL AND token = :token
        AND id > :after
    UNION ALL
    SELECT min(id) AS id
    FROM tasks INDEXED BY tasks_batch
    WHERE :token IS NULL AND :batch IS NOT NULL AND batch IS NOT NULL AND batch = :batch
        AND id > :after
    UNION ALL
    SELECT min(id) AS id
    FROM tasks INDEXED BY tasks_due
    WHERE :token IS NULL AND :batch IS NULL AND coalesce(:status, 'WAITING') = 'WAITING' AND :name IS NOT NULL
        AND task_name = :name AND
        -- same: plain_rows
        status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
        -- end
        AND id > :after
    UNION ALL
    SELECT min(id) AS id
    FROM tasks INDEXED BY tasks_due
    WHERE :token IS NULL AND :batch IS NULL AND coalesce(:status, 'WAITING') = 'WAITING' AND :name IS NULL AND
        -- same: plain_rows
        status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
        -- end
        AND id > :after
    UNION ALL
    SELECT min(id) AS id
    FROM tasks INDEXED BY tasks_lock_open
    WHERE :token IS NULL AND :batch IS NULL AND coalesce(:status, 'WAITING') = 'WAITING' AND :name IS NOT NULL
        AND task_name = :name AND
        -- same: keyed_rows
        status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
        -- end
        AND id > :after
    UNION ALL
    SELECT min(id) AS id
    FROM tasks INDEXED BY tasks_lock_open
    WHERE :token IS NULL AND :batch IS NULL AND coalesce(:status, 'WAITING') = 'WAITING' AND :name IS NULL AND
        -- same: keyed_rows
        status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
        -- end
        AND id > :after
    UNION ALL
    SELECT min(id) AS id
    FROM tasks INDEXED BY tasks_crashed
    WHERE :token IS NULL AND :batch IS NULL AND coalesce(:status, 'WAITING') = 'WAITING' AND status = 'WAITING'
        AND crashes > 0
        AND id > :after
    UNION ALL
    SELECT min(id) AS id
    FROM tasks INDEXED BY tasks_lock_behind
    WHERE :token IS NULL AND :batch IS NULL AND coalesce(:status, 'WAITING') = 'WAITING' AND status = 'WAITING'
        AND lock_place = 1
        AND id > :after
    UNION ALL
    SELECT min(id) AS id
    FROM tasks INDEXED BY tasks_after_batch
    WHERE :token IS NULL AND :batch IS NULL AND coalesce(:status, 'WAITING') = 'WAITING'
        AND after_batch IS NOT NULL AND status = 'WAITING'
        AND id > :after
    UNION ALL
    SELECT min(id) AS id
    FROM tasks INDEXED BY tasks_lease
    WHERE :token IS NULL AND :batch IS NULL AND coalesce(:status, 'PROCESSING') = 'PROCESSING'
        AND status = 'PROCESSING'
        AND id > :after
    UNION ALL
    SELECT min(id) AS id
    FROM tasks INDEXED BY tasks_failed
    WHERE :token IS NULL AND :batch IS NULL AND coalesce(:status, 'FAILED') = 'FAILED' AND :name IS NOT NULL
        AND task_name = :name
        AND status = 'FAILED'
        AND id > :after
) AS found
