-- Removes rows, as settle_delete.sql does, and notes how their tasks ended.
--
-- The values of the row are noted as they were when it was removed. Arrays that are shorter than the first one are
-- filled with NULL.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1  ids            int8[]  the rows, in order
-- $2  claim_numbers  int8[]  their claims
-- $3  statuses       text[]  how they ended; NULL: COMPLETE; empty: not to be noted
-- $4  ran            int8[]  microseconds that their last attempts took
-- $5  since          int8[]  microseconds since these began
-- $6  exit_codes     int4[]  how their programs ended
-- $7  signals        int4[]  the signals that ended these
-- $8  memory         int8[]  the most memory that these had, in bytes
-- $9  host           text    where they ran
-- $10 now            float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- Returns id.
WITH gone AS (
    DELETE FROM ONLY tasks
    USING unnest(
        $1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::integer[], $7::integer[], $8::bigint[]
    ) AS proof (id, claim_no, status, ran, since, exit_code, signal, memory)
    WHERE tasks.id = ANY (ARRAY[proof.id]) AND tasks.claim_no = proof.claim_no AND tasks.status || '' = 'PROCESSING'
    RETURNING tasks.id, tasks.task_name, tasks.queue, proof.status, tasks.attempts, tasks.run_at, proof.ran,
        proof.since, proof.exit_code, proof.signal, proof.memory, tasks.token, tasks.batch
), noted AS (
    INSERT INTO task_history (
        task_id, task_name, queue, status, attempts, waited, ran, host, exit_code, signal, peak_memory, token, batch,
        ended_at
    )
    SELECT gone.id, gone.task_name, gone.queue, coalesce(gone.status, 'COMPLETE'), gone.attempts,
        -- same: waited
        CASE WHEN isfinite(gone.run_at)
            THEN greatest(
                0,
                moment.seconds - date_part('epoch', gone.run_at)
                    - gone.since::double precision / 1000000.0::double precision
            )
        END,
        -- end
        gone.ran::double precision / 1000000.0::double precision, $9, gone.exit_code, gone.signal, gone.memory,
        gone.token, gone.batch, moment.now
    FROM (
            SELECT now, date_part('epoch', now) AS seconds
            FROM (SELECT coalesce(to_timestamp($10::double precision), statement_timestamp()) AS now) AS clock
        ) AS moment
        CROSS JOIN gone
    WHERE gone.status IS DISTINCT FROM ''
)
SELECT id FROM gone
