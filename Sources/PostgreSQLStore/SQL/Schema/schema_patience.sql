-- Building an index on a large table may take long; waiting for another transaction's lock may not, as others then wait
-- behind it.
--
-- Returns set_config, set_config.
SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '1s', true)
