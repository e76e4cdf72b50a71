-- How many more tasks may start; NULL for any number.
--
-- Few rows are PROCESSING, and all of them are read.
--
-- A statement of its own, after the lock: it sees what the run before has claimed, and its moment is later.
--
-- A minute that began more than a minute from now comes from a clock that was set back. One that begins sooner is this
-- minute, by a clock that was corrected a little.
--
-- $1 kinds  text[]  queue or name, of each limit
-- $2 names  text[]  of the queues and tasks
-- $3 now    float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- Returns quota.
SELECT min(least(
    max_running - (
        SELECT count(*)
        FROM ONLY tasks
        WHERE status = 'PROCESSING'
            -- A row whose lease ends later than any run's does not count: see cut_leases.sql.
            AND lease_expires_at <= coalesce(to_timestamp($3::double precision), statement_timestamp())
            + interval '1 day 1 minute'
            AND CASE kind WHEN 'queue' THEN tasks.queue ELSE tasks.task_name END = task_limits.name
    ),
    max_per_minute - CASE WHEN
        -- same: this_minute
        coalesce(
            minute_began
                BETWEEN coalesce(to_timestamp($3::double precision), statement_timestamp()) - interval '1 minute'
                    + interval '1 microsecond'
                AND coalesce(to_timestamp($3::double precision), statement_timestamp()) + interval '1 minute',
            false
        )
        -- end
        THEN begun ELSE 0 END
))::bigint AS quota
FROM ONLY task_limits
WHERE (kind, name) IN (SELECT * FROM unnest($1::text[], $2::text[]))
