-- Notes how tasks ended whose rows are gone. Arrays that are shorter than the first one are filled with NULL.
--
-- $1  ids         int8[]    the tasks
-- $2  names       text[]    their names
-- $3  queues      text[]    their queues
-- $4  statuses    text[]    how they ended
-- $5  attempts    int4[]    how many attempts were begun
-- $6  tokens      text[]    their tokens
-- $7  batches     text[]    their batches
-- $8  waited      float8[]  seconds from the moment when they were due to the begin of the last attempt
-- $9  ran         float8[]  seconds that this took
-- $10 host        text      where it ran, or NULL
-- $11 now         float8    seconds since 1970, or NULL for the server's clock at the beginning of the statement
INSERT INTO task_history (
    task_id, task_name, queue, status, attempts, token, batch, waited, ran, host, ended_at
)
SELECT id, task_name, queue, status, attempts, token, batch, waited, ran, $10::text,
    coalesce(to_timestamp($11::double precision), statement_timestamp())
FROM unnest(
    $1::bigint[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::double precision[],
    $9::double precision[]
) AS gone (id, task_name, queue, status, attempts, token, batch, waited, ran)
