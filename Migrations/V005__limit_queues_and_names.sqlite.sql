-- How much of a queue or of a task name may run, over all runs; without a row here, any number. Any program may write it:
--   INSERT INTO task_limits (kind, name, max_running) VALUES ('queue', 'reports', 2);
CREATE TABLE task_limits (
    kind TEXT NOT NULL CONSTRAINT kind_is_queue_or_name CHECK (kind = 'queue' OR kind = 'name'),
    name TEXT NOT NULL
        CONSTRAINT name_is_1_to_200_characters_without_star_or_control_characters CHECK (
            typeof(name) = 'text'
            AND length(name) BETWEEN 1 AND 200
            AND instr(name, char(0)) = 0
            AND instr(name, '*') = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
        ),
    -- Most in hand at once; NULL: any number.
    max_running INTEGER
        CONSTRAINT max_running_is_not_negative CHECK (
            max_running IS NULL OR (typeof(max_running) = 'integer' AND max_running BETWEEN 0 AND 2147483647)
        ),
    -- Most begun in a minute; NULL: any number.
    max_per_minute INTEGER
        CONSTRAINT max_per_minute_is_not_negative CHECK (
            max_per_minute IS NULL OR (typeof(max_per_minute) = 'integer' AND max_per_minute BETWEEN 0 AND 2147483647)
        ),
    -- How many were begun in the minute that began then; taskrun's.
    minute_began TEXT CONSTRAINT minute_began_is_a_date_and_time CHECK (minute_began IS NULL OR julianday(minute_began) IS NOT NULL),
    begun INTEGER NOT NULL DEFAULT 0 CONSTRAINT begun_is_not_negative CHECK (typeof(begun) = 'integer' AND begun >= 0),
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
