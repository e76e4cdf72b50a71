-- What makes the table's answers true, and its checks cheap. Not shipped yet: statements are added here until it is.

-- The notify triggers, where they are, run with the rights of whoever adds a task. Their function calls PostgreSQL's own functions only,
-- whatever the path of that session is, and belongs to whoever migrates: it is made anew, as in notify_on.postgresql.sql.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = 'tasks'::regclass::oid AND tgname = 'task_notify_insert') THEN
        DROP TRIGGER IF EXISTS task_notify_insert ON tasks;
        DROP TRIGGER IF EXISTS task_notify_update ON tasks;
        DROP FUNCTION IF EXISTS task_notify();
        CREATE FUNCTION task_notify() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
        BEGIN
            PERFORM pg_catalog.pg_notify('taskrun_' || TG_RELID::text, '');
            RETURN NULL;
        END
        $function$;
        CREATE TRIGGER task_notify_insert AFTER INSERT ON tasks
            FOR EACH STATEMENT EXECUTE FUNCTION task_notify();
        CREATE TRIGGER task_notify_update AFTER UPDATE OF run_at ON tasks
            FOR EACH ROW WHEN (NEW.status = 'WAITING' AND NEW.run_at <= now()) EXECUTE FUNCTION task_notify();
    END IF;
END
$$;
