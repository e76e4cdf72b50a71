-- The lock keys of these rows.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
-- (… || '') IS NOT NULL: not a condition that a partial index has, so the planner does not go by that one.
--
-- $1 ids  int8[]  the rows
-- Returns lock_key.
SELECT DISTINCT tasks.lock_key
FROM pg_catalog.unnest($1::bigint[]) AS chosen (id) JOIN ONLY tasks ON tasks.id = ANY (ARRAY[chosen.id])
WHERE (tasks.lock_key || '') IS NOT NULL
