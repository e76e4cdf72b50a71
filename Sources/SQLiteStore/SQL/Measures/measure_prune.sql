-- Removes measures that are a week old.
--
-- :now    text     the current moment
-- :limit  integer  the most rows
DELETE FROM task_measures
WHERE (minute, task_name, queue, host) IN (
    SELECT minute, task_name, queue, host
    FROM task_measures
    WHERE minute < strftime('%Y-%m-%d %H:%M:00', :now, '-7 days')
    ORDER BY minute
    LIMIT :limit
)
