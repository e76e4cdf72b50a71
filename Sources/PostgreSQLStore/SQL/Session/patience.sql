-- Sets a longer time limit for the next statements of this transaction, which have an index of their own.
--
-- $1 lock_timeout  text  how long to wait for a lock
-- Returns set_config, set_config.
SELECT pg_catalog.set_config('statement_timeout', '30s', true), pg_catalog.set_config('lock_timeout', $1, true)
