-- The rows that this run holds and another transaction has locked, and which one; it waits for none.
--
-- A locked row contains the number of the transaction that has locked it.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids            int8[]  the rows
-- $2 claim_numbers  int8[]  their claims
-- Returns id, claim_no, holder.
WITH free AS MATERIALIZED (
    SELECT tasks.id
    FROM unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
        JOIN ONLY tasks ON tasks.id = ANY (ARRAY[proof.id]) AND tasks.claim_no = proof.claim_no
    WHERE tasks.status || '' = 'PROCESSING'
    FOR UPDATE OF tasks SKIP LOCKED
)
SELECT tasks.id, tasks.claim_no, (
        SELECT
            -- same: process_of_server
            format('process %s of the server (user %s, application "%s", %s)', holder.pid, holder.usename,
                holder.application_name, coalesce(holder.state, 'state not shown'))
            -- end
        FROM pg_locks AS lock JOIN pg_stat_activity AS holder ON holder.pid = lock.pid
        WHERE lock.locktype = 'transactionid' AND lock.granted AND lock.transactionid = tasks.xmax
        LIMIT 1
    ) AS holder
FROM unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
    JOIN ONLY tasks ON tasks.id = ANY (ARRAY[proof.id]) AND tasks.claim_no = proof.claim_no
WHERE tasks.status || '' = 'PROCESSING' AND tasks.id NOT IN (SELECT id FROM free)
