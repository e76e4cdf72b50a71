-- Waits for the advisory locks of keys, in the order of their numbers; returns no row.
--
-- A transaction that decides about a key or frees it holds the key's advisory lock until its end. It looks at the table
-- in a later statement than the one that took the lock. So a row is never put behind a holder that is just ending:
-- either the end comes after the mark and removes it, or the look comes after the end. A transaction that frees a key
-- waits for the lock before it locks anything else but its own rows; one that claims passes over keys that others have.
-- So no two transactions wait for each other.
--
-- The order of locks: the transaction's own rows, equal tasks (settle_lock.sql), keys, rows that no run holds, batches.
--
-- The salt makes an advisory lock's number one that only roles which may read the table can compute.
--
-- $1 keys  text[]  the lock keys
SELECT
FROM (
    SELECT DISTINCT hashtextextended(key, coalesce((SELECT salt FROM ONLY task_salt), 0)) AS number
    FROM pg_catalog.unnest($1::text[]) AS key
    ORDER BY number
) AS ordered
WHERE pg_advisory_xact_lock(number) IS NULL
