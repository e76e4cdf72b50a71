-- Counts what was claimed.
--
-- A minute that began more than a minute from now is of a clock that was put back; one that begins sooner is this one,
-- by a clock that was corrected by a little.
--
-- $1 kinds  text[]  queue or name, of each limit
-- $2 names  text[]  of the queues and tasks
-- $3 now    float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
-- $4 begun  int4    how many were claimed
UPDATE ONLY task_limits
SET begun = CASE WHEN
    -- same: this_minute
    coalesce(
        minute_began
            BETWEEN coalesce(to_timestamp($3::double precision), statement_timestamp()) - interval '1 minute'
                + interval '1 microsecond'
            AND coalesce(to_timestamp($3::double precision), statement_timestamp()) + interval '1 minute',
        false
    )
    -- end
    THEN begun ELSE 0 END + $4::integer,
    minute_began = CASE WHEN
        -- same: this_minute
        coalesce(
            minute_began
                BETWEEN coalesce(to_timestamp($3::double precision), statement_timestamp()) - interval '1 minute'
                    + interval '1 microsecond'
                AND coalesce(to_timestamp($3::double precision), statement_timestamp()) + interval '1 minute',
            false
        )
        -- end
        THEN minute_began ELSE coalesce(to_timestamp($3::double precision), statement_timestamp()) END
WHERE (kind, name) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND max_per_minute IS NOT NULL
