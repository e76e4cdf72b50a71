-- Lets the next statements of the transaction wait for a lock for a second, as for a row that all programs count in.
SET LOCAL lock_timeout = '1s'
