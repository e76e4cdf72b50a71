-- Marks a place in a transaction that can be gone back to.
SAVEPOINT one
