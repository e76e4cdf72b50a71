-- The schema's name and the server's encoding. For each of taskrun's tables (or views and the like): its kind, the
-- tables that inherit from it, the types of its columns, what row-level security shows this role, the rules that
-- rewrite statements, and whether triggers of another program act after an UPDATE.
--
-- The tables are looked up in current_schema(), the first schema of search_path that exists: there they are created,
-- and there the store's other statements find them. There is always a row. A table that once had children keeps a mark
-- for long, so children are looked up where there is a mark. Planning this takes the server a millisecond:
-- schema_marks.sql says whether it is needed.
--
-- Row-level security: a policy whose condition is not simply true may hide rows. Source: PostgreSQL's manual, "Row
-- Security Policies".
--
-- Returns schema, encoding, relname, relkind, children, columns, sight, rules, has_triggers.
SELECT current_schema() AS schema, current_setting('server_encoding') AS encoding, own.relname, own.relkind,
    CASE
        WHEN own.relhassubclass THEN (
            SELECT string_agg(inhrelid::regclass::text, ', ' ORDER BY inhrelid)
            FROM pg_catalog.pg_inherits
            WHERE inhparent = own.oid
        )
    END AS children,
    -- same: table_columns
    (
        -- With quote_all_identifiers = on, PostgreSQL writes the type text as "text", in quotation marks.
        SELECT string_agg(attname::text || ' ' || replace(pg_catalog.format_type(atttypid, NULL), '"', ''), ',')
        FROM pg_catalog.pg_attribute
        WHERE attrelid = own.oid AND attnum > 0 AND NOT attisdropped
    )
    -- end
    AS columns,
    CASE WHEN own.relrowsecurity AND pg_catalog.row_security_active(own.oid) THEN (SELECT CASE
            WHEN NOT coalesce(pg_catalog.bool_or(polpermissive), false) THEN 'none'
            WHEN pg_catalog.bool_or(polpermissive AND pg_catalog.pg_get_expr(polqual, polrelid) = 'true')
                AND coalesce(pg_catalog.bool_and(polpermissive OR pg_catalog.pg_get_expr(polqual, polrelid) = 'true'),
                true)
                THEN 'all'
            ELSE 'some'
        END || ' ' || current_user::text
    FROM pg_catalog.pg_policy
    WHERE polrelid = own.oid AND polcmd IN ('r', '*') AND EXISTS (
        SELECT
        FROM pg_catalog.unnest(polroles) AS role (oid)
        WHERE role.oid = 0 OR pg_catalog.pg_has_role(role.oid, 'USAGE'::text)
    )) END AS sight,
    CASE
        WHEN own.relhasrules THEN (
            SELECT string_agg(pg_catalog.format('DROP RULE %I ON %I', rulename, own.relname), '; ' ORDER BY rulename)
            FROM pg_catalog.pg_rewrite
            WHERE ev_class = own.oid AND ev_type <> '1' AND ev_enabled <> 'D'
        )
    END AS rules,
    own.relhastriggers AND EXISTS (
        SELECT
        FROM pg_catalog.pg_trigger
        WHERE tgrelid = own.oid AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype::integer & 2 = 0
            AND tgtype::integer & 16 <> 0
            AND tgname NOT IN ('task_notify_insert', 'task_notify_update')
    ) AS has_triggers
FROM
    -- same: tables_found
    (VALUES (1)) AS one LEFT JOIN pg_catalog.pg_class AS own
        ON relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())
        AND relname IN ('tasks', 'task_migrations', 'task_results', 'task_queues', 'task_limits', 'task_batches')
        AND relkind IN ('r', 'p', 'v', 'm', 'f')
    -- end
