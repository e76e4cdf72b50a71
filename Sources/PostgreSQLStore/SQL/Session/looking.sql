-- Begins a look that a person waits for: no statement of the transaction takes longer than so long, however large the
-- table is.
--
-- $1 limit  text  how long
-- Returns set_config, set_config.
SELECT pg_catalog.set_config('statement_timeout', $1, true), pg_catalog.set_config('lock_timeout', '0', true)
