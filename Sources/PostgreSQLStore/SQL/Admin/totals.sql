-- How many rows wait and how many are FAILED, each kind up to so many.
--
-- $1 most  int8  the most rows of each kind
-- Returns plain, keyed, crashed, behind, after_batch, failed.
SELECT
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM ONLY tasks
            WHERE
                -- same: plain_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
                -- end
            LIMIT $1::bigint
        ) AS seen
    ) AS plain,
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM ONLY tasks
            WHERE
                -- same: keyed_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
                -- end
            LIMIT $1::bigint
        ) AS seen
    ) AS keyed,
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM ONLY tasks
            WHERE
                status = 'WAITING' AND crashes > 0
            LIMIT $1::bigint
        ) AS seen
    ) AS crashed,
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM ONLY tasks
            WHERE
                status = 'WAITING' AND lock_place = 1 AND crashes = 0
            LIMIT $1::bigint
        ) AS seen
    ) AS behind,
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM ONLY tasks
            WHERE
                after_batch IS NOT NULL AND status = 'WAITING' AND crashes = 0
            LIMIT $1::bigint
        ) AS seen
    ) AS after_batch,
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM ONLY tasks
            WHERE
                status = 'FAILED'
            LIMIT $1::bigint
        ) AS seen
    ) AS failed
