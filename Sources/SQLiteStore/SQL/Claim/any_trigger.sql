-- Whether the table tasks has triggers of another program.
--
-- Returns is_there.
SELECT EXISTS (
    SELECT 1
    FROM sqlite_schema
    WHERE type = 'trigger' AND lower(tbl_name) = 'tasks' AND name NOT IN ('tasks_id_insert', 'tasks_id_update')
) AS is_there
