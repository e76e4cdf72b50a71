-- What runs measure: how many tasks ended and how, and how long they ran and waited.

-- One row is what the runs of one host did in one minute with the tasks of one name and queue.
CREATE TABLE task_measures (
    -- The beginning of the minute in which a run added it.
    minute timestamptz NOT NULL,
    task_name text COLLATE "C" NOT NULL,
    -- '*': of any queue, as where a run has served very many, or where a task was taken over from a dead run.
    queue text COLLATE "C" NOT NULL,
    host text COLLATE "C" NOT NULL,
    succeeded bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    retried bigint NOT NULL DEFAULT 0,
    recovered bigint NOT NULL DEFAULT 0,
    leases_lost bigint NOT NULL DEFAULT 0,
    -- How long handlers ran: the sum, the longest, and how many in each bucket, as an object.
    run_microseconds bigint NOT NULL DEFAULT 0,
    longest_run_microseconds bigint NOT NULL DEFAULT 0,
    run_times jsonb NOT NULL DEFAULT '{}',
    -- How long tasks were due before their handlers began: the same.
    wait_microseconds bigint NOT NULL DEFAULT 0,
    longest_wait_microseconds bigint NOT NULL DEFAULT 0,
    wait_times jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (minute, task_name, queue, host)
);

-- The sums over all hosts and all time: they stay when the minutes are removed.
CREATE TABLE task_totals (
    task_name text COLLATE "C" NOT NULL,
    queue text COLLATE "C" NOT NULL,
    -- When something was added for the last time.
    counted_at timestamptz NOT NULL,
    succeeded bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    retried bigint NOT NULL DEFAULT 0,
    recovered bigint NOT NULL DEFAULT 0,
    leases_lost bigint NOT NULL DEFAULT 0,
    run_microseconds bigint NOT NULL DEFAULT 0,
    longest_run_microseconds bigint NOT NULL DEFAULT 0,
    run_times jsonb NOT NULL DEFAULT '{}',
    wait_microseconds bigint NOT NULL DEFAULT 0,
    longest_wait_microseconds bigint NOT NULL DEFAULT 0,
    wait_times jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (task_name, queue)
);

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
        EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON task_measures, task_totals TO %s', worker);
    END LOOP;
END
$$;
