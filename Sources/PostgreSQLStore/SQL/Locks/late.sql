-- The rows that expire.sql would look at.
--
-- $1 now       float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $2 limit     int4    the most rows
-- $3 left_out  int8[]  ids of rows that the table refuses to change
-- Returns id.
SELECT id
FROM ONLY tasks
WHERE
    -- same: late_rows
    status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
        AND expires_at <= coalesce(to_timestamp($1::double precision), statement_timestamp())
        AND id <> ALL ($3::bigint[])
    -- end
ORDER BY expires_at
LIMIT $2::integer
