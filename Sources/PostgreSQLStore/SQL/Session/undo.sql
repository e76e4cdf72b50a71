-- Goes back to the mark.
ROLLBACK TO SAVEPOINT one
