-- Ends a transaction for good.
COMMIT
