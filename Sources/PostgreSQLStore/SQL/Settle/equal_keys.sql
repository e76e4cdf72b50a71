-- Waits for the advisory locks of the lock keys of equal rows that wait, and of others; returns no row.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
-- (… || '') IS NOT NULL: not a condition that a partial index has, so the planner does not go by that one.
-- With the salt the number of an advisory lock is one that only those can compute who may read the table.
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
                -- With a limit, as below.
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
