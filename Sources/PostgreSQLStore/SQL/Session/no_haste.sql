-- Ends haste.sql or less_haste.sql.
SET LOCAL lock_timeout = '1s'
