-- Takes back what notify_on.postgresql.sql made. Runs that wait for tasks look for them again and again instead.
DROP TRIGGER IF EXISTS task_notify_insert ON tasks;
DROP TRIGGER IF EXISTS task_notify_update ON tasks;
DROP FUNCTION IF EXISTS task_notify();
