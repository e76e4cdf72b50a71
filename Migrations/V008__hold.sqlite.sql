-- What keeps the promises where people write to the tables by hand, and where programs of two versions meet.

-- The least version of the tables that a program must know to begin tasks. A migration that leaves tables which an older program
-- would read or write wrongly ends in: UPDATE task_migrations SET least_version = N; and each claim asks for the greatest.
ALTER TABLE task_migrations ADD COLUMN least_version INTEGER NOT NULL DEFAULT 0;

-- The id after the greatest is the next one: with a row of id 2^63 - 1 no INSERT works any more, not even after it was deleted. Rows that
-- have such an id from before get a new one; those that are being performed keep theirs.
UPDATE tasks SET id = renumbered.new_id
FROM (
    SELECT
        id AS old_id,
        row_number() OVER (ORDER BY id)
            + (SELECT coalesce(max(id), 0) FROM tasks WHERE id <= 4611686018427387904) AS new_id
    FROM tasks
    WHERE id > 4611686018427387904 AND status <> 'PROCESSING'
) AS renumbered
WHERE tasks.id = renumbered.old_id;
UPDATE sqlite_sequence SET seq = (SELECT coalesce(max(id), 0) FROM tasks)
WHERE name = 'tasks' AND seq > 4611686018427387904;

-- Ids above 2^62 are refused: what is above is room for those that are given by themselves, which a BEFORE trigger does not see.
CREATE TRIGGER tasks_id_insert BEFORE INSERT ON tasks WHEN NEW.id > 4611686018427387904
BEGIN
    SELECT RAISE(ABORT, 'id_is_at_most_4611686018427387904');
END;
CREATE TRIGGER tasks_id_update BEFORE UPDATE OF id ON tasks WHEN NEW.id > 4611686018427387904
BEGIN
    SELECT RAISE(ABORT, 'id_is_at_most_4611686018427387904');
END;

-- Tasks whose end the database refused in every form: their handlers have ended, so no run performs them again.
CREATE TABLE task_stuck (
    task_id INTEGER PRIMARY KEY,
    claim_no INTEGER NOT NULL,
    -- Whether the task is done, so that its row is to go; else it has failed.
    is_done INTEGER NOT NULL,
    -- Why its row is as it is: the database's words.
    error TEXT NOT NULL,
    noted_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- How often in a row a handler has asked to be given the task later: one that does so in a circle is slowed.
ALTER TABLE tasks ADD COLUMN postponed INTEGER NOT NULL DEFAULT 0;
