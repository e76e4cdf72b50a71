-- Removes rows.
--
-- The statements that end, prolong and release claims carry the proof of the claim and return the rows they changed.
-- The rows are given, and so locked, in the order of their numbers: two runs that settle the same rows queue up and do
-- not block each other.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids            int8[]  the rows, in order
-- $2 claim_numbers  int8[]  their claims
-- Returns id.
DELETE FROM ONLY tasks
USING unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
WHERE tasks.id = ANY (ARRAY[proof.id]) AND tasks.claim_no = proof.claim_no AND tasks.status || '' = 'PROCESSING'
RETURNING tasks.id
