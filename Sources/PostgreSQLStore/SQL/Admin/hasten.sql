-- Makes rows due that wait for later; one that was put behind others in its line is looked at anew.
--
-- Where a row is waited for it becomes due as of before, so the moment may be the transaction's.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
-- status || '': not a condition that a partial index has. A plan made while such rows were rare would go through all of
-- that index for each number.
--
-- $1 ids  int8[]  the rows
-- Returns id.
UPDATE ONLY tasks
SET run_at = now(), lock_place = CASE lock_place WHEN 1 THEN 0 ELSE lock_place END
FROM (SELECT id FROM pg_catalog.unnest($1::bigint[]) AS chosen (id) ORDER BY id) AS chosen
WHERE tasks.id = ANY (ARRAY[chosen.id]) AND tasks.status || '' = 'WAITING' AND tasks.run_at > now()
RETURNING tasks.id
