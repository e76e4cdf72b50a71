-- Drops the savepoint, and keeps the work since then.
RELEASE SAVEPOINT one
