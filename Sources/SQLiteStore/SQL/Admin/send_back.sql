-- Makes FAILED rows WAITING, of equal ones the newest.
--
-- OR IGNORE: a row stays FAILED if an equal one, which is newer then, waits.
--
-- :now  text  the current moment
-- :ids  JSON  the numbers of the rows
-- Returns id.
UPDATE OR IGNORE tasks
SET status = 'WAITING', attempts = 0, crashes = 0, postponed = 0, run_at = :now, failed_at = NULL,
    lock_place = CASE lock_place WHEN 1 THEN 0 ELSE lock_place END,
    expires_at = CASE WHEN julianday(expires_at) <= julianday(:now) THEN NULL ELSE expires_at END,
    cancel_requested_at = NULL, progress_done = NULL, progress_total = NULL, progress_note = NULL
WHERE status = 'FAILED' AND id IN (SELECT value FROM json_each(:ids))
    AND (
        dedupe_key IS NULL
        OR id IN (
            SELECT id
            FROM (
                -- same: newest_failed
                SELECT max(id) AS id, task_name, dedupe_key
                FROM tasks
                WHERE status = 'FAILED' AND dedupe_key IS NOT NULL AND id IN (SELECT value FROM json_each(:ids))
                GROUP BY task_name, dedupe_key
                -- end
            )
        )
    )
RETURNING id
