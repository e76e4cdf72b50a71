-- Undoes a transaction.
ROLLBACK
