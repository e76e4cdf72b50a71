-- The same for statements that are planned for their values.
--
-- $1 limit  text  how long
-- Returns set_config, set_config, set_config.
SELECT pg_catalog.set_config('statement_timeout', $1, true), pg_catalog.set_config('lock_timeout', '0', true),
    pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', true)
