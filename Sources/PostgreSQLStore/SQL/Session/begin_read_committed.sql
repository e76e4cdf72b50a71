-- Begins a transaction behind a pooler, where the isolation level cannot be set in the session.
BEGIN ISOLATION LEVEL READ COMMITTED
