-- Lets the next statements of the transaction wait a second for a lock, for example for a row in which all programs
-- count.
SET LOCAL lock_timeout = '1s'
