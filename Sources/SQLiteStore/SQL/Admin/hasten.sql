-- Makes waiting rows due now. One that was put behind others in its line is looked at anew.
--
-- :now  text  the moment to go by
-- :ids  JSON  the numbers of the rows
-- Returns id.
UPDATE tasks
SET run_at = :now, lock_place = CASE lock_place WHEN 1 THEN 0 ELSE lock_place END
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'WAITING' AND julianday(run_at) > julianday(:now)
RETURNING id
