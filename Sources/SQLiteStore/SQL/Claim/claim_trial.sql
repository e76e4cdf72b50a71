-- Claims rows in a transaction that is undone, to find out whether the table allows it.
--
-- :owner      text  the run that claims
-- :lease_end  text  when the lease ends
-- :ids        JSON  the numbers of the rows
UPDATE tasks
-- same: taken
SET status = 'PROCESSING', attempts = min(max(CAST(attempts AS INTEGER), 0), 2147483646) + 1,
    claim_no = max(CAST(claim_no AS INTEGER) % 4611686018427387904, 0) + 1,
    lease_owner = :owner, lease_expires_at = :lease_end
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'WAITING'
-- end
