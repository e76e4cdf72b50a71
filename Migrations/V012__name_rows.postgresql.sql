-- Names for what several statements ask of a row.
--
-- The server puts the body of such a function in the place of its call, so that the indexes serve as if the conditions
-- stood there. If another role has made a function of the same name, it is removed first, or the migration is refused.

DROP FUNCTION IF EXISTS task_is_plain(tasks);
DROP FUNCTION IF EXISTS task_is_keyed(tasks);
DROP FUNCTION IF EXISTS task_is_after_crash(tasks);
DROP FUNCTION IF EXISTS task_payload_size(json);
DROP FUNCTION IF EXISTS task_rows();

-- Whether a claim may take the row from its lane once it is due: the condition of the index tasks_due.
CREATE FUNCTION task_is_plain(task tasks) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT task.status = 'WAITING' AND task.crashes = 0 AND task.lock_key IS NULL AND task.after_batch IS NULL
$$;

-- Whether a claim looks at the row, once it is due, for its lock key: the condition of the index tasks_lock_open.
CREATE FUNCTION task_is_keyed(task tasks) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT task.status = 'WAITING' AND task.crashes = 0 AND task.lock_key IS NOT NULL AND task.lock_place <> 1
$$;

-- Whether a claim treats the row with care, once it is due, because its run died. Most are in the index tasks_crashed.
CREATE FUNCTION task_is_after_crash(task tasks) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT task.status = 'WAITING' AND task.crashes > 0 AND task.after_batch IS NULL
$$;

-- The greatest size in bytes that a payload can have, found without reading it.
--
-- A compressed payload counts with the greatest size it can have: 88 times the stored one for pglz (273 bytes from
-- little more than three), 255 times for lz4. So a claim of large compressed payloads returns fewer rows than would
-- fit, never more. Before version 14 the server does not say how a value is compressed, and pglz is all there is: each
-- payload too large for its row counts as compressed.
DO $$
BEGIN
    IF pg_catalog.current_setting('server_version_num')::integer >= 140000 THEN
        CREATE FUNCTION task_payload_size(payload json) RETURNS integer LANGUAGE sql STABLE AS $size$
            SELECT CASE
                WHEN pg_catalog.pg_column_size(payload) < 200 THEN 200
                ELSE least(
                    pg_catalog.pg_column_size(payload)::bigint
                        * CASE pg_catalog.pg_column_compression(payload) WHEN 'pglz' THEN 88 WHEN 'lz4' THEN 255
                            ELSE 1 END,
                    1073741824
                )::integer
            END
        $size$;
    ELSE
        CREATE FUNCTION task_payload_size(payload json) RETURNS integer LANGUAGE sql STABLE AS $size$
            SELECT CASE
                WHEN pg_catalog.pg_column_size(payload) < 1900 THEN pg_catalog.pg_column_size(payload)
                ELSE least(pg_catalog.pg_column_size(payload)::bigint * 88, 1073741824)::integer
            END
        $size$;
    END IF;
END
$$;

-- Tasks as `show` and `list` read them, without their payloads, which may be large, and without columns that are not
-- taskrun's. The server looks through it as through a view, and with the rights of the role that calls it.
CREATE FUNCTION task_rows() RETURNS TABLE (
    id bigint, task_name text, created_at timestamptz, status text, queue text, priority integer, run_at timestamptz,
    attempts integer, max_attempts integer, timeout_seconds integer, lease_owner text, lease_expires_at timestamptz,
    claim_no bigint, crashes integer, last_error text, dedupe_key text, lock_key text, lock_place smallint,
    expires_at timestamptz, token text, progress_done bigint, progress_total bigint, progress_note text,
    cancel_requested_at timestamptz, batch text, after_batch text, postponed integer, failed_at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT tasks.id, tasks.task_name, tasks.created_at, tasks.status, tasks.queue, tasks.priority, tasks.run_at,
        tasks.attempts, tasks.max_attempts, tasks.timeout_seconds, tasks.lease_owner, tasks.lease_expires_at,
        tasks.claim_no, tasks.crashes, tasks.last_error, tasks.dedupe_key, tasks.lock_key, tasks.lock_place,
        tasks.expires_at, tasks.token, tasks.progress_done, tasks.progress_total, tasks.progress_note,
        tasks.cancel_requested_at, tasks.batch, tasks.after_batch, tasks.postponed, tasks.failed_at
    FROM ONLY tasks
$$;

-- They say nothing about rows that a role cannot read itself. A function in a temporary schema is found only under that
-- schema's name.
DO $$
BEGIN
    EXECUTE pg_catalog.format(
        'GRANT EXECUTE ON FUNCTION %1$I.task_is_plain(%1$I.tasks), %1$I.task_is_keyed(%1$I.tasks),'
            ' %1$I.task_is_after_crash(%1$I.tasks), %1$I.task_payload_size(json), %1$I.task_rows() TO PUBLIC',
        pg_catalog.current_schema()
    );
END
$$;
