-- The moment from which delays are counted.
--
-- Returns now.
SELECT (extract(epoch FROM now()) OPERATOR(pg_catalog.*) 1000000)::bigint AS now
