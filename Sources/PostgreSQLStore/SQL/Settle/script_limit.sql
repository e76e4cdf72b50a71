-- Limits the next statements of this transaction. It also runs between the script's own ones, with the names as these
-- leave them.
--
-- $1 limit  text  in milliseconds
-- Returns set_config.
SELECT pg_catalog.set_config('statement_timeout', $1, true)
