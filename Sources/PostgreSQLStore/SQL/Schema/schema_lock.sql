-- Makes a second migration of the same schema wait for the first to end.
--
-- Returns pg_advisory_xact_lock.
SELECT pg_advisory_xact_lock(hashtextextended('taskrun migrate ' || coalesce(current_schema()::text, ''), 0::bigint))
