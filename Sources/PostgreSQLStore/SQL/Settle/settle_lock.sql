-- Locks rows that are to be WAITING again and may have equals, in the order of their numbers, and then the groups of
-- these; returns no row.
--
-- Of two equal tasks (one name and dedupe_key) that would both wait the one with the higher number stays. A transaction
-- that makes rows WAITING again holds the lock of their group of equals until its end: two transactions that bring back
-- the same equals do so one after the other, however the rows lie. So what is decided then stays true, but for rows
-- that programs add; these meet the unique index, and it is decided anew.
--
-- (… || '') IS NOT NULL: not a condition that a partial index has, so the planner does not go by that one.
-- With the salt the number of an advisory lock is one that only those can compute who may read the table.
--
-- $1 ids  int8[]  the rows
SELECT
FROM (
    SELECT DISTINCT hashtextextended(chr(1)
        || (hashtextextended(task_name || '/' || dedupe_key, 0::bigint) & 63::bigint)::text,
        coalesce((SELECT salt FROM ONLY task_salt), 0)) AS number
    FROM (
        SELECT task_name, dedupe_key
        FROM ONLY tasks
        WHERE id = ANY ($1::bigint[]) AND (dedupe_key || '') IS NOT NULL
        ORDER BY id
        FOR NO KEY UPDATE
    ) AS own
    ORDER BY number
) AS ordered
WHERE pg_advisory_xact_lock(number) IS NULL
