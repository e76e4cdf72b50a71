-- Triggers that call PostgreSQL's own functions only, and checks that cost less.

-- The notify triggers, where they are, run with the rights of the role that adds a task. Their function calls PostgreSQL's own functions only,
-- whatever the path of that session is, and belongs to the role that migrates: it is made anew, as in notify_on.postgresql.sql.
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

-- Each UPDATE goes through all checks again: a claim went through a pattern for the queue's name, and made a list of the states, for each
-- row. They accept what they accepted before. NOT VALID: all rows have passed them, so the table need not be read under this lock.
ALTER TABLE tasks
    DROP CONSTRAINT IF EXISTS status_is_waiting_processing_or_failed,
    ADD CONSTRAINT status_is_waiting_processing_or_failed CHECK (status = 'WAITING' OR status = 'PROCESSING' OR status = 'FAILED') NOT VALID,
    DROP CONSTRAINT IF EXISTS queue_is_1_to_200_characters_without_control_characters,
    ADD CONSTRAINT queue_is_1_to_200_characters_without_control_characters CHECK (
        queue = 'default' OR char_length(queue) BETWEEN 1 AND 200 AND queue !~ '[\x01-\x1f\x7f-\x9f]'
    ) NOT VALID;
