-- Makes locked FAILED rows WAITING: of equal ones the newest, if none waits; the others stay as they are.
--
-- It comes after the statement that waits for the rows, so that its moment is not earlier.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids  int8[]  the rows
-- Returns id, token.
WITH own AS MATERIALIZED (
    SELECT tasks.id, task_name, dedupe_key
    FROM pg_catalog.unnest($1::bigint[]) AS chosen (id)
        JOIN ONLY tasks ON tasks.id = ANY (ARRAY[chosen.id]) AND tasks.status || '' = 'FAILED'
), fit AS MATERIALIZED (
    SELECT id FROM own WHERE dedupe_key IS NULL
    UNION ALL
    SELECT id
    FROM (
        SELECT id, task_name, dedupe_key, row_number() OVER (PARTITION BY task_name, dedupe_key ORDER BY id DESC) AS no
        FROM own
        WHERE dedupe_key IS NOT NULL
    ) AS back
    -- Looked up row by row, not joined: a plan made for an empty table would go through all that have a key for each.
    WHERE no = 1 AND (
        SELECT equal.id
        FROM ONLY tasks AS equal
        WHERE
            -- same: equal_waits
            equal.status = 'WAITING' AND equal.dedupe_key IS NOT NULL
                        AND equal.task_name = back.task_name AND equal.dedupe_key = back.dedupe_key
            -- end
        LIMIT 1
    ) IS NULL
)
UPDATE ONLY tasks
SET status = 'WAITING',
    failed_at = NULL,
    -- The moment of the transaction: the notify trigger compares with it.
    run_at = now(),
    attempts = 0,
    crashes = 0,
    postponed = 0,
    -- Where it was made FAILED by hand it may stand behind others, and is looked at anew.
    lock_place = CASE lock_place WHEN 1 THEN 0 ELSE lock_place END,
    expires_at = CASE WHEN expires_at > statement_timestamp() THEN expires_at END,
    lease_owner = NULL,
    lease_expires_at = NULL,
    progress_done = NULL,
    progress_total = NULL,
    progress_note = NULL,
    cancel_requested_at = NULL
FROM fit
WHERE tasks.id = ANY (ARRAY[fit.id]) AND tasks.status = 'FAILED'
RETURNING tasks.id, tasks.token
