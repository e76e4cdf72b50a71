-- Makes waiting rows due now. Claims look again at a row that was behind others of its lock key.
--
-- :now  text  the current moment
-- :ids  JSON  the numbers of the rows
-- Returns id.
UPDATE tasks
SET run_at = :now, lock_place = CASE lock_place WHEN 1 THEN 0 ELSE lock_place END
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'WAITING' AND julianday(run_at) > julianday(:now)
RETURNING id
