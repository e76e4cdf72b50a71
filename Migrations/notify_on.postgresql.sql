-- Wakes runs that wait for tasks (taskrun once --linger) at the commit that makes one due. Optional: while such a
-- transaction commits no other one that notifies can, in the whole server (NOTIFY takes a lock for that).
--
-- The channel bears the table's number, so that the tables of two schemas do not wake each other's runs.
-- What is there already is made anew: a function keeps its owner when it is replaced, who may change it later.
DROP TRIGGER IF EXISTS task_notify_insert ON tasks;
DROP TRIGGER IF EXISTS task_notify_update ON tasks;
DROP FUNCTION IF EXISTS task_notify();

-- It runs with the rights of the role that adds a task, and calls PostgreSQL's own functions, whatever the path of that session is.
CREATE FUNCTION task_notify() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_catalog.pg_notify('taskrun_' || TG_RELID::text, '');
    RETURN NULL;
END
$$;

CREATE TRIGGER task_notify_insert AFTER INSERT ON tasks
    FOR EACH STATEMENT EXECUTE FUNCTION task_notify();

-- Tasks that are sent back or brought forward by hand. A retry after a failure is for later, so it is told to nobody: the
-- run that wrote it knows. Claims and deletions do not come here.
CREATE TRIGGER task_notify_update AFTER UPDATE OF run_at ON tasks
    FOR EACH ROW WHEN (NEW.status = 'WAITING' AND NEW.run_at <= now()) EXECUTE FUNCTION task_notify();
