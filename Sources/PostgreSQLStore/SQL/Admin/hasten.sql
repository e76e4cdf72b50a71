-- Makes rows due that wait for later; if one was put behind others with its lock key, claims look at it again.
--
-- If the statement waits for a row, the row becomes due at an earlier moment, so the transaction's moment will do.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids  int8[]  the rows
-- Returns id.
UPDATE ONLY tasks
SET run_at = now(), lock_place = CASE lock_place WHEN 1 THEN 0 ELSE lock_place END
FROM (SELECT id FROM pg_catalog.unnest($1::bigint[]) AS chosen (id) ORDER BY id) AS chosen
WHERE tasks.id = ANY (ARRAY[chosen.id]) AND tasks.status || '' = 'WAITING' AND tasks.run_at > now()
RETURNING tasks.id
