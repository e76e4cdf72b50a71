-- Removes old lines, the oldest first: those as old as their name's limit, and those that are too many. Lines that
-- another transaction removes are left to it.
--
-- It reads from the oldest line to the first one that no name lets go.
--
-- $1 most   int8      so many lines may stay
-- $2 young  float8    no line that ended within these seconds goes for its age
-- $3 names  text[]    names with a time of their own
-- $4 keeps  float8[]  these times in seconds
-- $5 keep   float8    the time of the others
-- $6 limit  int8      the most lines
WITH span AS MATERIALIZED (
    SELECT coalesce((SELECT max(no) FROM ONLY task_history), 0) - $1::bigint AS surplus,
        coalesce(
            (
                SELECT no
                FROM ONLY task_history
                WHERE ended_at > statement_timestamp() - make_interval(secs => $2::double precision)
                ORDER BY no
                LIMIT 1
            ),
            9223372036854775807
        ) AS young
)
DELETE FROM ONLY task_history
USING (
    SELECT no
    FROM ONLY task_history
    WHERE no < greatest((SELECT young FROM span), (SELECT surplus FROM span) + 1)
        AND (
            no <= (SELECT surplus FROM span)
            OR ended_at <= statement_timestamp() - make_interval(secs => coalesce(
                (
                    SELECT own.keep
                    FROM unnest($3::text[], $4::double precision[]) AS own (name, keep)
                    WHERE own.name = task_history.task_name
                ),
                $5::double precision
            ))
        )
    ORDER BY no
    LIMIT $6::bigint
    FOR UPDATE SKIP LOCKED
) AS old
WHERE task_history.no = ANY (ARRAY[old.no])
