-- Makes rows WAITING or FAILED, each in its own way.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids            int8[]    the rows, in order
-- $2 claim_numbers  int8[]    their claims
-- $3 states         text[]    WAITING or FAILED
-- $4 given_back     int4[]    whether the attempt is: 0 no, 1 yes, 2 as its handler asked
-- $5 waits          float8[]  in seconds, or NULL to leave run_at as it is
-- $6 errors         text[]    for people, or NULL to leave last_error as it is
-- $7 fresh          bool[]    whether crashes begins at 0 again
-- $8 now            float8    seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- Returns id.
UPDATE ONLY tasks
SET status = verdict.status,
    failed_at = CASE WHEN verdict.status = 'FAILED'
        THEN coalesce(to_timestamp($8::double precision), statement_timestamp()) END,
    attempts = greatest(attempts - least(verdict.given_back, 1), 0),
    -- A task that its handler releases for the third time in a row waits for at least a second.
    run_at = CASE
        WHEN verdict.given_back = 2 AND postponed >= 2
            THEN coalesce(to_timestamp($8::double precision), statement_timestamp())
                + make_interval(secs => greatest(verdict.wait, 1))
        ELSE coalesce(coalesce(to_timestamp($8::double precision), statement_timestamp())
            + make_interval(secs => verdict.wait), run_at)
    END,
    postponed = CASE verdict.given_back WHEN 2 THEN least(postponed, 2147483646) + 1 WHEN 1 THEN postponed ELSE 0 END,
    last_error = coalesce(verdict.error, last_error),
    crashes = CASE WHEN verdict.is_fresh THEN 0 ELSE crashes END,
    -- A WAITING row has no progress: each attempt starts without any.
    progress_done = CASE WHEN verdict.status = 'FAILED' THEN progress_done END,
    progress_total = CASE WHEN verdict.status = 'FAILED' THEN progress_total END,
    progress_note = CASE WHEN verdict.status = 'FAILED' THEN progress_note END,
    lease_owner = NULL,
    lease_expires_at = NULL
FROM unnest(
    $1::bigint[], $2::bigint[], $3::text[], $4::integer[], $5::double precision[], $6::text[], $7::boolean[]
) AS verdict (id, claim_no, status, given_back, wait, error, is_fresh)
WHERE tasks.id = ANY (ARRAY[verdict.id]) AND tasks.claim_no = verdict.claim_no AND tasks.status || '' = 'PROCESSING'
RETURNING tasks.id
