-- Takes haste.sql or less_haste.sql back.
SET LOCAL lock_timeout = '1s'
