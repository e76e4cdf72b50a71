-- Makes the next row of each key claimable if no other row holds the key: the first due row among those that were put
-- behind, as one may have been postponed by hand while it waited.
--
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
-- lock_place + 0: keeps the planner from the index of all rows that are behind, which is empty as far as old statistics
-- tell.
--
-- $1 keys  text[]  the lock keys
-- $2 now   float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
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
