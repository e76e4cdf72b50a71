-- Foreign keys of other tables to tasks: whether they keep a row that is deleted, whether they would set a column to
-- null that must not be, and whether no index helps to find their rows.
--
-- Returns table_name, conname, columns, keeps, is_null_refused, is_slow.
SELECT conrelid::regclass::text AS table_name, pg_catalog.quote_ident(conname::text) AS conname,
    (
        SELECT pg_catalog.string_agg(pg_catalog.quote_ident(attname::text), ', '::text ORDER BY attnum)
        FROM pg_catalog.pg_attribute
        WHERE attrelid = conrelid AND attnum = ANY (conkey)
    ) AS columns,
    confdeltype IN ('a', 'r') AS keeps,
    confdeltype = 'n' AND EXISTS (
        SELECT FROM pg_catalog.pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey) AND attnotnull
    ) AS is_null_refused,
    NOT EXISTS (
        SELECT FROM pg_catalog.pg_index WHERE indrelid = conrelid AND indisvalid AND indkey[0] = ANY (conkey)
    ) AS is_slow
FROM pg_catalog.pg_constraint
WHERE confrelid = pg_catalog.to_regclass('tasks'::text)::oid AND contype = 'f'
ORDER BY 1, 2
