-- The numbers of the tasks with these tokens.
--
-- $1 tokens  text[]  of the tasks
-- Returns token, id.
SELECT tasks.token, tasks.id
FROM pg_catalog.unnest($1::text[]) AS asked (token) JOIN ONLY tasks ON tasks.token = asked.token
WHERE tasks.token IS NOT NULL
