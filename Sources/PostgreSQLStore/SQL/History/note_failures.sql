-- Notes failed attempts of claimed rows, before the same transaction makes these WAITING or FAILED, and how the tasks
-- ended that become FAILED. The rows are locked, so that what it writes is still true at its end.
--
-- Of each task the last 20 failed attempts stay: 19 of those that were there.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1  ids            int8[]  the rows, in order
-- $2  claim_numbers  int8[]  their claims
-- $3  final          bool[]  whether the row becomes FAILED
-- $4  errors         text[]  what went wrong
-- $5  ran            int8[]  microseconds that the attempts took
-- $6  since          int8[]  microseconds since these began
-- $7  exit_codes     int4[]  how their programs ended
-- $8  signals        int4[]  the signals that ended these
-- $9  memory         int8[]  the most memory that these had, in bytes
-- $10 host           text    where they ran
-- $11 now            float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
WITH failed AS MATERIALIZED (
    SELECT tasks.id, tasks.task_name, tasks.queue, tasks.attempts, tasks.run_at, tasks.token, tasks.batch,
        said.is_final, said.error, said.ran, said.since, said.exit_code, said.signal, said.memory
    FROM unnest(
            $1::bigint[], $2::bigint[], $3::boolean[], $4::text[], $5::bigint[], $6::bigint[], $7::integer[],
            $8::integer[], $9::bigint[]
        ) AS said (id, claim_no, is_final, error, ran, since, exit_code, signal, memory)
        JOIN ONLY tasks ON tasks.id = ANY (ARRAY[said.id]) AND tasks.claim_no = said.claim_no
            AND tasks.status || '' = 'PROCESSING'
    FOR NO KEY UPDATE OF tasks
), noted AS (
    INSERT INTO task_history (
        task_id, task_name, queue, status, attempts, waited, ran, host, exit_code, signal, peak_memory, token, batch,
        ended_at
    )
    SELECT gone.id, gone.task_name, gone.queue, 'FAILED', gone.attempts,
        -- same: waited
        CASE WHEN isfinite(gone.run_at)
            THEN greatest(
                0,
                moment.seconds - date_part('epoch', gone.run_at)
                    - gone.since::double precision / 1000000.0::double precision
            )
        END,
        -- end
        gone.ran::double precision / 1000000.0::double precision, $10, gone.exit_code, gone.signal, gone.memory,
        gone.token, gone.batch, moment.now
    FROM (
            SELECT now, date_part('epoch', now) AS seconds
            FROM (SELECT coalesce(to_timestamp($11::double precision), statement_timestamp()) AS now) AS clock
        ) AS moment
        CROSS JOIN failed AS gone
    WHERE gone.is_final
), surplus AS (
    DELETE FROM ONLY task_failures
    USING (
        SELECT old.no
        FROM failed CROSS JOIN LATERAL (
            SELECT no
            FROM ONLY task_failures
            WHERE task_failures.task_id = failed.id
            ORDER BY task_failures.task_id DESC, no DESC
            OFFSET 19
        ) AS old
    ) AS old
    WHERE task_failures.no = ANY (ARRAY[old.no])
)
INSERT INTO task_failures (
    task_id, task_name, attempt, error, ran, host, exit_code, signal, peak_memory, failed_at
)
SELECT id, task_name, attempts, error, ran::double precision / 1000000.0::double precision, $10, exit_code, signal,
    memory, coalesce(to_timestamp($11::double precision), statement_timestamp())
FROM failed
