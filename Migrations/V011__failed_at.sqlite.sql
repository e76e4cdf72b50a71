-- When the task became FAILED. NULL in a FAILED row: before this version, or by a hand that did not say.
--
-- It has no check: SQLite would test all checks of all rows before it adds a column with one, and old rows may not pass
-- the newer ones. Text that is no moment counts as NULL.
ALTER TABLE tasks ADD COLUMN failed_at TEXT;

-- FAILED tasks by name and by that moment: to remove the old ones of each name.
CREATE INDEX tasks_failed ON tasks (task_name, julianday(failed_at), id) WHERE status = 'FAILED';
