-- The PROCESSING rows among these that are to be cancelled.
--
-- :ids  JSON  the numbers of the rows
-- Returns id, claim_no.
SELECT id, claim_no
FROM tasks
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'PROCESSING' AND cancel_requested_at IS NOT NULL
