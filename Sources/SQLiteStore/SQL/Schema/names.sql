-- Whether the views that name rows are there.
--
-- Returns are_there.
SELECT count(*) = 4 AS are_there
FROM sqlite_schema
WHERE type = 'view' AND name IN ('tasks_plain', 'tasks_keyed', 'tasks_after_crash', 'task_rows')
