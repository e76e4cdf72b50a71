-- Undoes everything since the savepoint.
ROLLBACK TO SAVEPOINT one
