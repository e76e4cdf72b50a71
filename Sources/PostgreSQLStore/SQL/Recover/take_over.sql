-- Takes over rows.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids            int8[]  the rows
-- $2 claim_numbers  int8[]  their claims
-- $3 states         text[]  WAITING or FAILED
-- $4 crashes        int4[]  the counts
-- $5 errors         text[]  for people
-- Returns id.
UPDATE ONLY tasks
SET status = gone.status,
    failed_at = CASE WHEN gone.status = 'FAILED' THEN statement_timestamp() END,
    crashes = gone.crashes,
    last_error = gone.error,
    lease_owner = NULL,
    lease_expires_at = NULL,
    progress_done = NULL,
    progress_total = NULL,
    progress_note = NULL
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::integer[], $5::text[])
    AS gone (id, claim_no, status, crashes, error)
WHERE tasks.id = ANY (ARRAY[gone.id]) AND tasks.claim_no = gone.claim_no AND tasks.status || '' = 'PROCESSING'
RETURNING tasks.id
