-- Notes a task whose handler has ended and whose row the database refuses to change.
--
-- $1 id            int8  the row
-- $2 claim_number  int8  its claim
-- $3 is_done       bool  whether its handler has succeeded
-- $4 why           text  for people
INSERT INTO task_stuck (task_id, claim_no, is_done, error)
VALUES ($1::bigint, $2::bigint, $3::boolean, $4)
ON CONFLICT (task_id) DO UPDATE
SET claim_no = excluded.claim_no, is_done = excluded.is_done, error = excluded.error, noted_at = now()
