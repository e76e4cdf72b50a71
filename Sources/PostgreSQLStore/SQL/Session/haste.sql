-- Lets the next statements of the transaction hardly wait for a lock.
SET LOCAL lock_timeout = '100ms'
