-- What keeps the promises where people write to the tables by hand, and where programs of two versions meet.

-- The least version of the tables that a program must know to begin tasks. A migration that leaves tables which an older program
-- would read or write wrongly ends in: UPDATE task_migrations SET least_version = N; and each claim asks for the greatest.
-- Such a migration alters or locks tasks first: a claim that began before then ends before it, a later one sees the number.
ALTER TABLE task_migrations ADD COLUMN least_version integer NOT NULL DEFAULT 0;

-- Ids above 2^62 are refused: what is above is room for those that are given by themselves. A row that has such an id from before is left
-- as it is: it has been claimed, or counts as claimed once, so that the condition below is true for it.
UPDATE tasks SET claim_no = 1 WHERE id > 4611686018427387904 AND claim_no = 0;
ALTER TABLE tasks
    ADD CONSTRAINT id_is_at_most_4611686018427387904 CHECK (id <= 4611686018427387904 OR claim_no > 0) NOT VALID;

-- Tasks whose end the database refused in every form: their handlers have ended, so no run performs them again.
CREATE TABLE task_stuck (
    task_id bigint PRIMARY KEY,
    claim_no bigint NOT NULL,
    -- Whether the task is done, so that its row is to go; else it has failed.
    is_done boolean NOT NULL,
    -- Why its row is as it is: the database's words.
    error text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now()
);

-- How often in a row a handler has asked to be given the task later: one that does so in a circle is slowed.
ALTER TABLE tasks ADD COLUMN postponed integer NOT NULL DEFAULT 0;

-- Wishes to cancel tasks whose SQL files are running: their transactions hold the rows.
CREATE TABLE task_cancels (
    task_id bigint PRIMARY KEY,
    claim_no bigint NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now()
);

-- A part of the number under which a lock key is locked: who may not read this table cannot compute such a number.
CREATE TABLE task_salt (
    is_only boolean PRIMARY KEY DEFAULT true
        CONSTRAINT there_is_one_salt CHECK (is_only),
    salt bigint NOT NULL
);
INSERT INTO task_salt (salt) VALUES (hashtextextended(gen_random_uuid()::text, 0));
REVOKE ALL ON task_salt FROM PUBLIC;
-- Roles that may change tasks perform them, and read it; those that only add tasks do not.
DO $$
DECLARE
    worker regrole;
BEGIN
    FOR worker IN
        SELECT DISTINCT held.grantee::regrole
        FROM pg_catalog.pg_class AS tables CROSS JOIN LATERAL pg_catalog.aclexplode(tables.relacl) AS held
        WHERE tables.oid = 'tasks'::regclass AND held.privilege_type = 'UPDATE'
            AND held.grantee <> 0 AND held.grantee <> tables.relowner
    LOOP
        EXECUTE 'GRANT SELECT ON task_salt TO ' || worker;
    END LOOP;
END
$$;
