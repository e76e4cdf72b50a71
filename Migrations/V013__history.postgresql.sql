-- What became of tasks that have ended, also after their rows are gone.

-- One row is one end of a task. A task that failed and was retried has several. The numbers rise with the ends.
CREATE TABLE task_history (
    no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id bigint NOT NULL,
    task_name text COLLATE "C" NOT NULL,
    queue text COLLATE "C" NOT NULL,
    -- How it ended: COMPLETE, FAILED, EXPIRED, CANCELLED, SKIPPED, REPLACED or DELETED.
    status text COLLATE "C" NOT NULL,
    -- The attempts that were begun.
    attempts integer NOT NULL,
    -- Of the last attempt, in seconds: from the moment when it was due to its begin, and from there to its end.
    waited double precision,
    ran double precision,
    -- Where the last attempt ran.
    host text,
    -- How the program of the last attempt ended, and the most memory that one of its processes had, in bytes.
    exit_code integer,
    signal integer,
    peak_memory bigint,
    token text COLLATE "C",
    batch text COLLATE "C",
    ended_at timestamptz NOT NULL DEFAULT now()
);

-- The ends of one task, of one token and of one batch.
CREATE INDEX task_history_task ON task_history (task_id);
CREATE INDEX task_history_token ON task_history (token) WHERE token IS NOT NULL;
CREATE INDEX task_history_batch ON task_history (batch) WHERE batch IS NOT NULL;

-- The last failed attempts of each task.
CREATE TABLE task_failures (
    no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id bigint NOT NULL,
    task_name text COLLATE "C" NOT NULL,
    attempt integer NOT NULL,
    error text NOT NULL,
    -- As in task_history.
    ran double precision,
    host text,
    exit_code integer,
    signal integer,
    peak_memory bigint,
    failed_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX task_failures_task ON task_failures (task_id, no);

-- Roles that may change tasks perform them, and write here. The operators are named in full: a schema of the path may
-- have others.
DO $$
DECLARE
    worker regrole;
BEGIN
    FOR worker IN
        SELECT DISTINCT held.grantee::regrole
        FROM pg_catalog.pg_class AS tables CROSS JOIN LATERAL pg_catalog.aclexplode(tables.relacl) AS held
        WHERE tables.oid OPERATOR(pg_catalog.=) 'tasks'::regclass::oid
            AND held.privilege_type OPERATOR(pg_catalog.=) 'UPDATE'::text
            AND held.grantee OPERATOR(pg_catalog.<>) 0::oid
            AND held.grantee OPERATOR(pg_catalog.<>) tables.relowner
    LOOP
        EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON task_history, task_failures TO %s', worker);
    END LOOP;
END
$$;
