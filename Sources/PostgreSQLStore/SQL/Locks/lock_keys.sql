-- Waits for the advisory locks of keys, in the order of their numbers; returns no row.
--
-- A transaction that decides about a key or lets go of it holds the key's advisory lock until the end of the transaction, and
-- looks at the table in a statement behind the one that took it. So a row is never put behind a holder that is just
-- ending: either the end comes after the mark and takes it away, or the look comes after the end. Who lets go waits for
-- the lock, before anything else of the transaction is locked but its own rows; who claims passes over keys that others
-- have. So no two transactions wait for each other.
--
-- The order of locks is: the transaction's own rows, equal tasks (settle_lock.sql), keys, rows that no run holds,
-- batches.
--
-- With the salt the number of an advisory lock is one that only those can compute who may read the table.
--
-- $1 keys  text[]  the lock keys
SELECT
FROM (
    SELECT DISTINCT hashtextextended(key, coalesce((SELECT salt FROM ONLY task_salt), 0)) AS number
    FROM pg_catalog.unnest($1::text[]) AS key
    ORDER BY number
) AS ordered
WHERE pg_advisory_xact_lock(number) IS NULL
