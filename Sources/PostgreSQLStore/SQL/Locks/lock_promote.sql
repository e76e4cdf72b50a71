-- Makes the next one of each key that waits behind one to be looked at, where no other row holds the key: the first that is
-- due, for one may have been put off by hand while it waited.
--
-- status || '': not a condition that a partial index has. A plan made while such rows were rare would go through all of
-- that index for each number.
-- lock_place + 0: keeps the planner from the index of all rows that are behind, which is empty as far as old statistics
-- tell.
--
-- $1 keys  text[]  the lock keys
-- $2 now   float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
UPDATE ONLY tasks
SET lock_place = 0
WHERE id = ANY (
    ARRAY(
        SELECT coalesce((
            SELECT id
            FROM ONLY tasks
            WHERE lock_key = wanted.key AND status = 'WAITING' AND lock_key IS NOT NULL AND lock_place + 0 = 1
                AND run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
            ORDER BY priority, run_at, id
            LIMIT 1
        ), (
            SELECT id
            FROM ONLY tasks
            WHERE lock_key = wanted.key AND status = 'WAITING' AND lock_key IS NOT NULL AND lock_place + 0 = 1
            ORDER BY priority, run_at, id
            LIMIT 1
        ))
        FROM (SELECT DISTINCT key FROM pg_catalog.unnest($1::text[]) AS key) AS wanted
        WHERE NOT EXISTS (SELECT FROM ONLY tasks AS holder WHERE holder.lock_key = wanted.key AND holder.lock_place = 2)
    )
) AND status || '' = 'WAITING' AND lock_place = 1
