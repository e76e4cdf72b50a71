-- Whether claims must look at any row with a lock key: one step in an index that is empty if no task has a key.
--
-- Returns one row or none.
SELECT 1 FROM tasks_keyed LIMIT 1
