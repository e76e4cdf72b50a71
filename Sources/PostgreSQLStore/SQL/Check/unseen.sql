-- Whether this role sees any row, and about how many there are by the server's count.
--
-- Returns any_seen, estimate.
SELECT EXISTS (SELECT FROM ONLY tasks) AS any_seen,
    (SELECT n_live_tup FROM pg_catalog.pg_stat_user_tables
        WHERE relid = pg_catalog.to_regclass('tasks'::text)::oid) AS estimate
