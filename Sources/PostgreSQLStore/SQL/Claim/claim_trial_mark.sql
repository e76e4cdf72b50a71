-- A place to go back to within a transaction that tries claims; one that is not gone back to is kept.
SAVEPOINT trial
