-- Adding may take long, and so may the source; waiting for another transaction's lock may not.
--
-- For the transaction only. Not every server has all of these settings.
--
-- Returns set_config.
SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN '30s' ELSE '0' END, true)
FROM pg_settings
WHERE name IN (
    'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'
)
