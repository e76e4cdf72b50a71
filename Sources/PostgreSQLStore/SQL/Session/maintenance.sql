-- Begins work that a person waits for or that may read the whole table: 30 s, and any plan, for the transaction only.
--
-- Returns set_config, set_config, set_config, set_config, set_config, set_config, set_config.
SELECT
    pg_catalog.set_config('statement_timeout', '30s', true),
    pg_catalog.set_config('lock_timeout', '0', true),
    pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', true),
    pg_catalog.set_config('enable_seqscan', 'on', true),
    pg_catalog.set_config('enable_bitmapscan', 'on', true),
    pg_catalog.set_config('enable_hashjoin', 'on', true),
    pg_catalog.set_config('enable_mergejoin', 'on', true)
