-- Removes rows that no run holds.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
--
-- $1 ids  int8[]  the rows
-- Returns id, batch.
DELETE FROM ONLY tasks
USING (SELECT id FROM pg_catalog.unnest($1::bigint[]) AS chosen (id) ORDER BY id) AS chosen
WHERE tasks.id = ANY (ARRAY[chosen.id]) AND tasks.status <> 'PROCESSING'
RETURNING tasks.id, tasks.batch
