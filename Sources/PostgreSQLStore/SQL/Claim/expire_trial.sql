-- Makes these rows FAILED, in a transaction that is undone; returns which were there, and which were changed.
--
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids  int8[]  the rows
-- Returns id, taken_id, task_name.
WITH free AS MATERIALIZED (
    SELECT id FROM ONLY tasks WHERE id = ANY ($1::bigint[]) AND status || '' = 'WAITING' FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
    UPDATE ONLY tasks
    SET status = 'FAILED', lock_place = 0, last_error = 'expired: not begun'
    WHERE id = ANY (ARRAY(SELECT id FROM free))
    RETURNING CASE WHEN status = 'FAILED' THEN id END AS taken_id, task_name
)
SELECT free.id, taken.*
FROM free LEFT JOIN taken ON taken.taken_id = free.id
