-- The present moment.
--
-- Returns now.
SELECT statement_timestamp() AS now
