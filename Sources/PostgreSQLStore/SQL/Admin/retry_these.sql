-- Locks the FAILED rows among these, and says which may have equals.
--
-- $1 ids  int8[]  the rows
-- Returns id, is_keyed.
SELECT id, dedupe_key IS NOT NULL AS is_keyed
FROM ONLY tasks
WHERE status = 'FAILED' AND id = ANY ($1::bigint[])
ORDER BY id
LIMIT ALL
FOR NO KEY UPDATE
