-- The rows among these that still wait.
--
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids  int8[]  the rows
-- Returns id.
SELECT id FROM ONLY tasks WHERE id = ANY ($1::bigint[]) AND status || '' = 'WAITING'
