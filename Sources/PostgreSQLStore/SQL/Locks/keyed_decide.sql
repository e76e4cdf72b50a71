-- Finds which of the locked rows may be claimed, and puts the others behind.
--
-- A retry that holds its key may be claimed; of the others the first due row of its key, if no other row holds it.
--
-- No task starts if the schema needs a newer program. A migration that says so has altered or locked the table tasks,
-- so a statement that began before it ends before it.
--
-- $1 ids       int8[]  the locked rows
-- $2 now       float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $3 left_out  int8[]  ids of rows that the table refuses to let be claimed: others pass them
-- $4 version   int4    the newest schema version that the program knows
-- Returns id.
WITH candidate AS MATERIALIZED (
    SELECT id, lock_key, lock_place FROM ONLY tasks WHERE id = ANY ($1::bigint[])
), allowed AS MATERIALIZED (
    SELECT id
    FROM candidate
    WHERE lock_place = 2
        OR NOT EXISTS (SELECT FROM ONLY tasks AS holder
        WHERE holder.lock_key = candidate.lock_key AND holder.lock_place = 2)
            AND id = (
                SELECT first.id
                FROM ONLY tasks AS first
                WHERE first.lock_key = candidate.lock_key AND first.status = 'WAITING'
                    AND first.lock_key IS NOT NULL
                    AND first.run_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
                    AND first.id <> ALL ($3::bigint[])
                ORDER BY first.priority, first.run_at, first.id
                LIMIT 1
            )
), behind AS (
    UPDATE ONLY tasks
    SET lock_place = 1
    WHERE
        -- same: known_schema
        (SELECT coalesce(max(least_version), 0) FROM ONLY task_migrations) <= $4::integer
        -- end
        AND id = ANY (ARRAY(SELECT id FROM candidate EXCEPT SELECT id FROM allowed))
)
SELECT id FROM allowed
