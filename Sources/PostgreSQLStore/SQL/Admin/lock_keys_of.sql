-- The lock keys of these rows.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- (… || '') IS NOT NULL: no partial index has this condition, so the planner does not use one.
--
-- $1 ids  int8[]  the rows
-- Returns lock_key.
SELECT DISTINCT tasks.lock_key
FROM pg_catalog.unnest($1::bigint[]) AS chosen (id) JOIN ONLY tasks ON tasks.id = ANY (ARRAY[chosen.id])
WHERE (tasks.lock_key || '') IS NOT NULL
