-- Makes tables of this session only, which end with the transaction.
--
-- Returns set_config, set_config.
SELECT pg_catalog.set_config('search_path', 'pg_temp', true), pg_catalog.set_config('lock_timeout', '1s', true)
