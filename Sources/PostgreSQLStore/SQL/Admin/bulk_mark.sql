-- A place to go back to within a transaction that adds tasks.
SAVEPOINT batch
