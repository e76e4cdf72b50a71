-- Lets a claim that is only tried neither wait for a lock nor take long.
--
-- Returns set_config, set_config.
SELECT set_config('statement_timeout', '1s', true), set_config('lock_timeout', '100ms', true)
