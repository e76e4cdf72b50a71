-- Counts the tasks that a claim took.
--
-- A minute that began more than a minute from now comes from a clock that was set back. One that begins sooner is this
-- minute, by a clock that was corrected a little.
--
-- $1 kinds  text[]  queue or name, of each limit
-- $2 names  text[]  of the queues and tasks
-- $3 now    float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $4 begun  int4    how many were claimed
UPDATE ONLY task_limits
SET (begun, minute_began) = (
    SELECT CASE WHEN is_now THEN begun ELSE 0 END + $4::integer,
        CASE WHEN is_now THEN minute_began ELSE coalesce(to_timestamp($3::double precision), statement_timestamp()) END
    FROM (
        SELECT
            -- same: this_minute
            coalesce(
                minute_began
                    BETWEEN coalesce(to_timestamp($3::double precision), statement_timestamp()) - interval '1 minute'
                        + interval '1 microsecond'
                    AND coalesce(to_timestamp($3::double precision), statement_timestamp()) + interval '1 minute',
                false
            )
            -- end
            AS is_now
    ) AS minute
)
WHERE (kind, name) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND max_per_minute IS NOT NULL
