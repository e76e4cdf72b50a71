-- How many more may be begun; NULL: any number.
--
-- What is in any run's hand is little, and all of it is read.
--
-- A statement of its own, after the lock: it sees what the run before has claimed, and its moment is later than the
-- moment of that.
--
-- A minute that began more than a minute from now is of a clock that was put back; one that begins sooner is this one,
-- by a clock that was corrected by a little.
--
-- $1 kinds  text[]  queue or name, of each limit
-- $2 names  text[]  of the queues and tasks
-- $3 now    float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
-- Returns quota.
SELECT min(least(
    max_running - (
        SELECT count(*)
        FROM ONLY tasks
        WHERE status = 'PROCESSING'
            -- Not what claims to be held for longer than any run's lease: see cut_leases.sql.
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
