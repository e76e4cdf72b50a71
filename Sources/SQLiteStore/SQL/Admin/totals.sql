-- How many rows wait and how many are FAILED, each kind up to so many. Only indexes are read.
--
-- :most  integer  the most rows of each kind
-- Returns plain, keyed, crashed, behind, after_batch, failed.
SELECT
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM tasks INDEXED BY tasks_due
            WHERE
                -- same: plain_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
                -- end
            LIMIT :most
        )
    ) AS plain,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM tasks INDEXED BY tasks_lock_open
            WHERE
                -- same: keyed_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
                -- end
            LIMIT :most
        )
    ) AS keyed,
    (
        SELECT count(*)
        FROM (SELECT 1 FROM tasks INDEXED BY tasks_crashed WHERE status = 'WAITING' AND crashes > 0 LIMIT :most)
    ) AS crashed,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM tasks INDEXED BY tasks_lock_behind
            WHERE status = 'WAITING' AND lock_place = 1 AND crashes = 0
            LIMIT :most
        )
    ) AS behind,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM tasks INDEXED BY tasks_after_batch
            WHERE after_batch IS NOT NULL AND status = 'WAITING' AND crashes = 0
            LIMIT :most
        )
    ) AS after_batch,
    (
        SELECT count(*)
        FROM (SELECT 1 FROM tasks INDEXED BY tasks_failed WHERE status = 'FAILED' LIMIT :most)
    ) AS failed
