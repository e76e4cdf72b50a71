-- The sequence of the ids, its next number, and the greatest id below those that are never given.
--
-- The number is NULL if this role may not read it. For a sequence that was never used it is the first one.
--
-- Returns name, may_use, next, greatest.
SELECT named.name, pg_catalog.has_sequence_privilege(named.name, 'USAGE'::text) AS may_use,
    CASE
        WHEN pg_catalog.has_sequence_privilege(named.name, 'USAGE'::text)
            OR pg_catalog.has_sequence_privilege(named.name, 'SELECT'::text)
        THEN coalesce(pg_catalog.pg_sequence_last_value(named.name::regclass) + seqincrement, seqstart)
    END AS next,
    (SELECT pg_catalog.max(id) FROM ONLY tasks WHERE id <= 4611686018427387904) AS greatest
FROM (SELECT pg_catalog.pg_get_serial_sequence('tasks'::text, 'id'::text) AS name) AS named
    JOIN pg_catalog.pg_sequence ON seqrelid = named.name::regclass::oid
