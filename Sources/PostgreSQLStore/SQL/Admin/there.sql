-- Which of these numbers are in the table.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
--
-- $1 ids  int8[]  the numbers
-- Returns id.
SELECT tasks.id FROM pg_catalog.unnest($1::bigint[]) AS asked (id) JOIN ONLY tasks ON tasks.id = ANY (ARRAY[asked.id])
