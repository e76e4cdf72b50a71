-- What is said of whole queues; a queue without a row here is open. Any program may write it: to pause one for ever,
--   INSERT INTO task_queues (queue, paused_until) VALUES ('mail', 'infinity') ON CONFLICT (queue) DO UPDATE SET paused_until = excluded.paused_until;
CREATE TABLE task_queues (
    queue text COLLATE "C" PRIMARY KEY
        CONSTRAINT queue_is_1_to_200_characters_without_control_characters CHECK (
            char_length(queue) BETWEEN 1 AND 200 AND queue !~ '[\x01-\x1f\x7f-\x9f]'
        ),
    -- Nothing of it is claimed before this moment; NULL: it is open.
    paused_until timestamptz,
    paused_at timestamptz NOT NULL DEFAULT now(),
    paused_why text,
    paused_by text
);

-- Those that are paused: few, and read at each look for tasks.
CREATE INDEX task_queues_paused ON task_queues (queue, paused_until) WHERE paused_until IS NOT NULL;
