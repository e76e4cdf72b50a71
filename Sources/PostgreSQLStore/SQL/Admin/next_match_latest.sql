-- The greatest id behind another one that a row can have that is selected by a token, a batch, or else by
-- a state and a name: no row before it is selected.
--
-- The state FAILED alone, and no condition at all, have no index: it is not for these. Planned for these values: a NULL
-- costs nothing. id + 0: the rows are found by the indexes of their kinds, not by stepping through all ids.
--
-- $1 token   text  a token, or NULL for all
-- $2 batch   text  its name, or NULL for all
-- $3 status  text  WAITING, PROCESSING, FAILED, or NULL for all
-- $4 name    text  a task name, or NULL for all
-- $5 after   int8  the id
-- Returns id.
SELECT max(id) AS id
FROM (
    SELECT id
    FROM ONLY tasks
    WHERE $1::text IS NOT NULL AND token IS NOT NULL AND token = $1::text
        AND id + 0 < $5::bigint
    UNION ALL
    SELECT id
    FROM ONLY tasks
    WHERE $1::text IS NULL AND $2::text IS NOT NULL AND batch IS NOT NULL AND batch = $2::text
        AND id + 0 < $5::bigint
    UNION ALL
    SELECT id
    FROM ONLY tasks
    WHERE $1::text IS NULL AND $2::text IS NULL AND coalesce($3::text, 'WAITING') = 'WAITING'
        AND $4::text IS NOT NULL AND task_name = $4::text AND
        -- same: plain_rows
        status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
        -- end
        AND id + 0 < $5::bigint
    UNION ALL
    SELECT id
    FROM ONLY tasks
    WHERE $1::text IS NULL AND $2::text IS NULL AND coalesce($3::text, 'WAITING') = 'WAITING'
        AND $4::text IS NULL AND
        -- same: plain_rows
        status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
        -- end
        AND id + 0 < $5::bigint
    UNION ALL
    SELECT id
    FROM ONLY tasks
    WHERE $1::text IS NULL AND $2::text IS NULL AND coalesce($3::text, 'WAITING') = 'WAITING'
        AND $4::text IS NOT NULL AND task_name = $4::text AND
        -- same: keyed_rows
        status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
        -- end
        AND id + 0 < $5::bigint
    UNION ALL
    SELECT id
    FROM ONLY tasks
    WHERE $1::text IS NULL AND $2::text IS NULL AND coalesce($3::text, 'WAITING') = 'WAITING'
        AND $4::text IS NULL AND
        -- same: keyed_rows
        status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
        -- end
        AND id + 0 < $5::bigint
    UNION ALL
    SELECT id
    FROM ONLY tasks
    WHERE $1::text IS NULL AND $2::text IS NULL AND coalesce($3::text, 'WAITING') = 'WAITING'
        AND status = 'WAITING' AND crashes > 0
        AND id + 0 < $5::bigint
    UNION ALL
    SELECT id
    FROM ONLY tasks
    WHERE $1::text IS NULL AND $2::text IS NULL AND coalesce($3::text, 'WAITING') = 'WAITING'
        AND status = 'WAITING' AND lock_place = 1
        AND id + 0 < $5::bigint
    UNION ALL
    SELECT id
    FROM ONLY tasks
    WHERE $1::text IS NULL AND $2::text IS NULL AND coalesce($3::text, 'WAITING') = 'WAITING'
        AND after_batch IS NOT NULL AND status = 'WAITING'
        AND id + 0 < $5::bigint
    UNION ALL
    SELECT id
    FROM ONLY tasks
    WHERE $1::text IS NULL AND $2::text IS NULL AND coalesce($3::text, 'PROCESSING') = 'PROCESSING'
        AND status = 'PROCESSING'
        AND id + 0 < $5::bigint
    UNION ALL
    SELECT id
    FROM ONLY tasks
    WHERE $1::text IS NULL AND $2::text IS NULL AND coalesce($3::text, 'FAILED') = 'FAILED'
        AND $4::text IS NOT NULL AND task_name = $4::text AND status = 'FAILED'
        AND id + 0 < $5::bigint
) AS found
