-- Commits a transaction.
COMMIT
