-- Forgets the mark, and keeps what was done since.
RELEASE SAVEPOINT one
