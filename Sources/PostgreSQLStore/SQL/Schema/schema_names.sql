-- Whether the functions that name rows are there, each for this schema's own table.
--
-- Returns are_there.
SELECT count(*) = 5 AS are_there
FROM pg_catalog.pg_proc
WHERE pronamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())
    AND (
        proname::text IN ('task_is_plain', 'task_is_keyed', 'task_is_after_crash')
            AND proargtypes::text = (
                SELECT reltype::text
                FROM pg_catalog.pg_class
                WHERE relnamespace = pronamespace AND relname::text = 'tasks'
            )
        OR proname::text = 'task_payload_size' AND proargtypes::text = 'json'::regtype::oid::text
        OR proname::text = 'task_rows' AND proargtypes::text = ''
    )
