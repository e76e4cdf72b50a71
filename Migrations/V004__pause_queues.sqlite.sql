-- What is said of whole queues; a queue without a row here is open. Any program may write it: to pause one for ever,
--   INSERT INTO task_queues (queue, paused_until) VALUES ('mail', '9999-12-31') ON CONFLICT (queue) DO UPDATE SET paused_until = excluded.paused_until;
CREATE TABLE task_queues (
    queue TEXT PRIMARY KEY NOT NULL
        CONSTRAINT queue_is_1_to_200_characters_without_control_characters CHECK (
            typeof(queue) = 'text'
            AND length(queue) BETWEEN 1 AND 200
            AND instr(queue, char(0)) = 0
            AND queue NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
        ),
    -- Nothing of it is claimed before this moment; NULL: it is open.
    paused_until TEXT
        CONSTRAINT paused_until_is_a_date_and_time CHECK (
            paused_until IS NULL OR (typeof(paused_until) = 'text' AND julianday(paused_until) IS NOT NULL)
        ),
    paused_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
        CONSTRAINT paused_at_is_a_date_and_time CHECK (julianday(paused_at) IS NOT NULL),
    paused_why TEXT CONSTRAINT paused_why_is_text CHECK (paused_why IS NULL OR typeof(paused_why) = 'text'),
    paused_by TEXT CONSTRAINT paused_by_is_text CHECK (paused_by IS NULL OR typeof(paused_by) = 'text')
) WITHOUT ROWID;

-- Those that are paused: few, and read at each look for tasks.
CREATE INDEX task_queues_paused ON task_queues (queue, paused_until) WHERE paused_until IS NOT NULL;
