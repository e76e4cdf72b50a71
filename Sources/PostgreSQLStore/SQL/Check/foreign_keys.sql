-- Foreign keys of other tables that keep a row of tasks from being deleted.
--
-- Returns table_name, conname.
SELECT conrelid::regclass::text AS table_name, conname
FROM pg_catalog.pg_constraint
WHERE confrelid = pg_catalog.to_regclass('tasks'::text)::oid AND contype = 'f' AND confdeltype IN ('a', 'r')
ORDER BY 1, 2
