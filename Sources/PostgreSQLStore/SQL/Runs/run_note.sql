-- Notes that a run is there, what it has done so far, and perhaps how it ended.
--
-- $1 id           int8  of its row
-- $2 has_ended    bool  whether it ends now
-- $3 exit_status  int4  how it ended, or NULL
-- $4 error        text  what ended it early, or NULL
-- $5 claimed      int8  what it has done so far
-- $6 succeeded    int8  the same
-- $7 retried      int8  the same
-- $8 failed       int8  the same
-- $9 released     int8  the same
-- $10 recovered   int8  the same
-- $11 leases_lost int8  the same
UPDATE ONLY task_runs
SET seen_at = statement_timestamp(), ended_at = CASE WHEN $2::boolean THEN statement_timestamp() END,
    exit_status = $3, error = $4, claimed = $5, succeeded = $6, retried = $7, failed = $8, released = $9,
    recovered = $10, leases_lost = $11
WHERE id = $1
