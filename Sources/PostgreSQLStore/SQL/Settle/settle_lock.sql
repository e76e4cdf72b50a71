-- Locks rows that are to become WAITING and may have equals, in the order of their numbers, and then their groups of
-- equals; returns no row.
--
-- If two equal tasks (same task name and dedupe key) would both wait, the one with the higher number stays. A
-- transaction that makes rows WAITING holds the lock of their group of equals until its end: two transactions with the
-- same equals do so one after the other, in any order of the rows. So the decision stays true, except for rows that
-- programs add. These meet the unique index, and the decision is made again.
--
-- (… || '') IS NOT NULL: no partial index has this condition, so the planner does not use one.
-- The salt makes an advisory lock's number one that only roles which may read the table can compute.
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
