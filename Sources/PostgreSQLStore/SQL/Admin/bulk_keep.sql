-- Forgets the place that bulk_mark.sql has marked, and keeps what was done since.
RELEASE SAVEPOINT batch
