-- Whether a row waits.
--
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 id  int8  the row
SELECT FROM ONLY tasks WHERE id = $1::bigint AND status || '' = 'WAITING'
