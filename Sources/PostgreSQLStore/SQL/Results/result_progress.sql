-- Writes progress, but not to locked rows; returns these.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids            int8[]  the rows
-- $2 claim_numbers  int8[]  their claims
-- $3 done           int8[]  so much is done
-- $4 total          int8[]  of so much
-- $5 notes          text[]  for people
-- Returns id, claim_no.
WITH free AS (
    SELECT tasks.id, said.done, said.total, said.note
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
            AS said (id, claim_no, done, total, note)
        JOIN ONLY tasks ON tasks.id = ANY (ARRAY[said.id]) AND tasks.claim_no = said.claim_no
    WHERE tasks.status || '' = 'PROCESSING'
    FOR NO KEY UPDATE OF tasks SKIP LOCKED
), written AS (
    UPDATE ONLY tasks
    SET progress_done = free.done, progress_total = free.total, progress_note = free.note
    FROM free
    WHERE tasks.id = ANY (ARRAY[free.id])
)
SELECT tasks.id, tasks.claim_no
FROM unnest($1::bigint[], $2::bigint[]) AS said (id, claim_no)
    JOIN ONLY tasks ON tasks.id = ANY (ARRAY[said.id]) AND tasks.claim_no = said.claim_no
WHERE tasks.status || '' = 'PROCESSING' AND tasks.id NOT IN (SELECT id FROM free)
