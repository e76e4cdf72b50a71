-- When the task became FAILED. NULL in a FAILED row: before this version, or by a hand that did not say.
ALTER TABLE tasks ADD COLUMN failed_at timestamptz;

-- FAILED tasks by name and by that moment: to remove the old ones of each name.
CREATE INDEX tasks_failed ON tasks (task_name, failed_at, id) WHERE status = 'FAILED';
