-- Removes rows of runs that were there a week ago for the last time.
--
-- :now    text     the current moment
-- :limit  integer  the most rows
DELETE FROM task_runs
WHERE id IN (
    SELECT id
    FROM task_runs INDEXED BY task_runs_seen
    WHERE julianday(seen_at) < julianday(:now) - 7
    ORDER BY julianday(seen_at)
    LIMIT :limit
)
