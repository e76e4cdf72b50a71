-- Those of these rows that wait, all the same.
--
-- status || '': not a condition that a partial index has. A plan made while such rows were rare would go through all of
-- that index for each number.
--
-- $1 ids  int8[]  the rows
-- Returns id.
SELECT id FROM ONLY tasks WHERE id = ANY ($1::bigint[]) AND status || '' = 'WAITING'
