-- Which of these numbers are in the table.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
--
-- $1 ids  int8[]  the numbers
-- Returns id.
SELECT tasks.id FROM pg_catalog.unnest($1::bigint[]) AS asked (id) JOIN ONLY tasks ON tasks.id = ANY (ARRAY[asked.id])
