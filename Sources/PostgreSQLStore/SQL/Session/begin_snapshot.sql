-- Begins a transaction that reads, all of one moment.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
