-- Sets a savepoint.
SAVEPOINT one
