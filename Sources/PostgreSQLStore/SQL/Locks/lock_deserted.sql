-- The keys with rows put behind that nothing makes claimable: no row holds the key, and none is due and to be looked
-- at.
--
-- If very many rows are put behind: the first ones, and some from a random start, so that each is reached in time.
--
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
-- (… || '') IS NOT NULL: no partial index has this condition, so the planner does not use one.
-- A row gets its key when it is claimed: a row that was never claimed holds it only after a change by hand.
--
-- $1 now    float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $2 limit  int4    the most rows from each start
-- Returns lock_key.
WITH span AS MATERIALIZED (
    SELECT
        (SELECT id FROM ONLY tasks WHERE
            -- same: behind_rows
            status = 'WAITING' AND lock_place = 1 AND (lock_key || '') IS NOT NULL
            -- end
            ORDER BY id LIMIT 1) AS least,
        (SELECT id FROM ONLY tasks WHERE
            -- same: behind_rows
            status = 'WAITING' AND lock_place = 1 AND (lock_key || '') IS NOT NULL
            -- end
            ORDER BY id DESC LIMIT 1) AS most
), start AS MATERIALIZED (
    SELECT least AS id FROM span
    UNION
    SELECT least + floor(random() * (most - least + 1)::double precision)::bigint FROM span
), behind AS MATERIALIZED (
    SELECT DISTINCT part.lock_key
    FROM start CROSS JOIN LATERAL (
        SELECT lock_key
        FROM ONLY tasks
        WHERE
            -- same: behind_rows
            status = 'WAITING' AND lock_place = 1 AND (lock_key || '') IS NOT NULL
            -- end
            AND tasks.id >= start.id
        ORDER BY tasks.id
        LIMIT $2::integer
    ) AS part
)
SELECT lock_key
FROM behind
-- Looked up key by key, not joined: a plan made while the table was empty would read all lines for each.
WHERE (
        SELECT holder.id
        FROM ONLY tasks AS holder
        WHERE holder.lock_key = behind.lock_key AND holder.lock_place = 2 AND
            -- same: believable_holder
            holder.status || '' <> 'FAILED'
                AND NOT (holder.status || '' = 'WAITING' AND holder.claim_no = 0 AND holder.crashes = 0)
            -- end
        LIMIT 1
    ) IS NULL
    AND (
        SELECT open.id
        FROM ONLY tasks AS open
        WHERE open.lock_key = behind.lock_key AND open.status = 'WAITING' AND open.lock_key IS NOT NULL
            -- Not a condition that lets the planner go by tasks_lock_open.
            AND open.lock_place + 0 = 0 AND open.crashes = 0
            AND open.run_at <= coalesce(to_timestamp($1::double precision), statement_timestamp())
        LIMIT 1
    ) IS NULL
