-- How much of a queue or of a task name may run, over all runs; without a row here, any number. Any program may write it:
--   INSERT INTO task_limits (kind, name, max_running) VALUES ('queue', 'reports', 2);
CREATE TABLE task_limits (
    kind text COLLATE "C" NOT NULL CONSTRAINT kind_is_queue_or_name CHECK (kind IN ('queue', 'name')),
    name text COLLATE "C" NOT NULL
        CONSTRAINT name_is_1_to_200_characters_without_star_or_control_characters CHECK (
            char_length(name) BETWEEN 1 AND 200 AND name !~ '[*\x01-\x1f\x7f-\x9f]'
        ),
    -- Most in hand at once; NULL: any number.
    max_running integer CONSTRAINT max_running_is_not_negative CHECK (max_running >= 0),
    -- Most begun in a minute; NULL: any number.
    max_per_minute integer CONSTRAINT max_per_minute_is_not_negative CHECK (max_per_minute >= 0),
    -- How many were begun in the minute that began then; taskrun's.
    minute_began timestamptz,
    begun integer NOT NULL DEFAULT 0 CONSTRAINT begun_is_not_negative CHECK (begun >= 0),
    PRIMARY KEY (kind, name)
);
