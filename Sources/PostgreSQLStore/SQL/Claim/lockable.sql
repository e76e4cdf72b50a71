-- Whether it can be locked; an error where another transaction has it locked.
--
-- status || '': not a condition that a partial index has. A plan made while such rows were rare would go through all of
-- that index for each number.
--
-- $1 id  int8  the row
SELECT FROM ONLY tasks WHERE id = $1::bigint AND status || '' = 'WAITING' FOR NO KEY UPDATE NOWAIT
