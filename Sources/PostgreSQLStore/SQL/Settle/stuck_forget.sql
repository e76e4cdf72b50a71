-- Forgets some of the tasks that stuck_note.sql has noted.
--
-- $1 ids            int8[]  the rows
-- $2 claim_numbers  int8[]  their claims
DELETE FROM ONLY task_stuck
USING unnest($1::bigint[], $2::bigint[]) AS gone (id, claim_no)
WHERE task_stuck.task_id = gone.id AND task_stuck.claim_no = gone.claim_no
