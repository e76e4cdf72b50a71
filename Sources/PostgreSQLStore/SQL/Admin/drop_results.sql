-- Removes the results with these tokens: their tasks are WAITING again.
--
-- $1 tokens  text[]  of the tasks
DELETE FROM ONLY task_results WHERE token IN (SELECT pg_catalog.unnest($1::text[]))
