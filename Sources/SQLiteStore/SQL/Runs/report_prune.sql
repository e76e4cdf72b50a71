-- Removes reports of unknown names that are a day old.
--
-- :now    text     the current moment
-- :limit  integer  the most reports
DELETE FROM task_reports
WHERE task_name IN (
    SELECT task_name
    FROM task_reports
    WHERE julianday(reported_at) < julianday(:now) - 1
    LIMIT :limit
)
