-- Waits for the advisory locks of the lock keys of equal rows that wait, and of other keys; returns no row.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- (… || '') IS NOT NULL: no partial index has this condition, so the planner does not use one.
-- The salt makes an advisory lock's number one that only roles which may read the table can compute.
--
-- $1 ids   int8[]  rows that are to be WAITING again
-- $2 keys  text[]  other keys
SELECT
FROM (
    SELECT DISTINCT hashtextextended(key, coalesce((SELECT salt FROM ONLY task_salt), 0)) AS number
    FROM (
        SELECT pg_catalog.unnest($2::text[]) AS key
        UNION ALL
        SELECT equal.lock_key
        FROM pg_catalog.unnest($1::bigint[]) AS asked (id)
            JOIN ONLY tasks AS back ON back.id = ANY (ARRAY[asked.id]) AND (back.dedupe_key || '') IS NOT NULL
            CROSS JOIN LATERAL (
                -- The limit makes the planner look each equal row up: a plan made for an empty table would read all
                -- rows that have a dedupe key.
                SELECT equal.lock_key
                FROM ONLY tasks AS equal
                WHERE
                    -- same: equal_waits
                    equal.status = 'WAITING' AND equal.dedupe_key IS NOT NULL
                        AND equal.task_name = back.task_name AND equal.dedupe_key = back.dedupe_key
                    -- end
                LIMIT 1
            ) AS equal
        WHERE equal.lock_key IS NOT NULL
    ) AS keyed
    ORDER BY number
) AS ordered
WHERE pg_advisory_xact_lock(number) IS NULL
