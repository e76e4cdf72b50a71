"""What options of the table `tasks` do on PostgreSQL: its size, and what a task costs, with autovacuum at work.

    python3 Benchmarks/table_options.py --dead 500000
    python3 Benchmarks/table_options.py [--seconds 80] [--rounds 2] [--naptime 20] [--resting 0] [--only NAME,…]

A throwaway server; pgbench adds, claims and deletes at full speed on two connections, 100 tasks at a time, as much added as taken.
The settings take turns. synchronous_commit is off, so that the disk's other users are in the way as little as can be.
autovacuum looks at a table once in its naptime (a minute, unless the server is told otherwise), whatever the table's
options say: so much is dead at least before any option counts. --resting rows wait for tomorrow and are in nobody's way.
With --dead, how long one vacuum takes instead, for a table in which so many tasks were added, claimed and deleted.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness.cluster import Cluster  # noqa: E402

BATCH = 100
BACKLOG = 10_000
TABLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Migrations/V001__create_tasks.postgresql.sql")

# One setting is what is run on the new tables before the load.
SETTINGS = {
    "none": "",
    "scale_factor 0.01": "ALTER TABLE tasks SET (autovacuum_vacuum_scale_factor = 0.01)",
    "cost_delay 0": "ALTER TABLE tasks SET (autovacuum_vacuum_cost_delay = 0)",
    "cost_limit 2000": "ALTER TABLE tasks SET (autovacuum_vacuum_cost_limit = 2000)",
    "insert off": "ALTER TABLE tasks SET (autovacuum_vacuum_insert_threshold = -1)",
    "analyze off": "ALTER TABLE tasks SET (autovacuum_analyze_threshold = 2000000000)",
    "fillfactor 50": "ALTER TABLE tasks SET (fillfactor = 50)",
    "fillfactor 80": "ALTER TABLE tasks SET (fillfactor = 80)",
    "index fillfactor 100": "ALTER INDEX tasks_due SET (fillfactor = 100)",
    "no deduplication": "ALTER INDEX tasks_due SET (deduplicate_items = off)",
}

# Settles what was claimed last and claims the next from a moving floor, as taskrun does: see ClaimSQL.
LOAD = f"""
INSERT INTO tasks (task_name, data) SELECT 'LOAD', '{{"id": 34532, "with_opts": true}}' FROM generate_series(1, {BATCH});
\\set look random(1, 50)
\\if :look = 1
\\set floor 0
\\endif
BEGIN;
DELETE FROM tasks WHERE id = ANY (:ids::bigint[]) AND status || '' = 'PROCESSING';
WITH taken AS (
    UPDATE tasks
    SET status = 'PROCESSING', attempts = attempts + 1, claim_no = claim_no + 1, lease_owner = 'load',
        lease_expires_at = now() + interval '300 seconds'
    WHERE id = ANY (ARRAY(
        SELECT id
        FROM tasks
        WHERE task_name = 'LOAD' AND queue = 'default' AND priority = 0 AND status = 'WAITING' AND crashes = 0 AND lock_key IS NULL
            AND run_at <= now() AND run_at >= to_timestamp(:floor::double precision / 1000000)
        ORDER BY run_at, id
        LIMIT {BATCH}
        FOR NO KEY UPDATE SKIP LOCKED
    ))
    RETURNING id, run_at
)
SELECT coalesce(array_agg(id), '{{}}') AS ids, coalesce((extract(epoch FROM max(run_at)) * 1000000)::bigint, 0) AS floor
FROM taken \\gset
COMMIT;
"""

# The planner is told what taskrun tells it.
SESSION = {
    "plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_bitmapscan": "off",
    "enable_hashjoin": "off", "enable_mergejoin": "off", "jit": "off", "synchronous_commit": "off",
}  # fmt: skip

FACTS = """
SELECT pg_table_size('tasks'), pg_relation_size('tasks_due'), pg_indexes_size('tasks'), n_dead_tup, autovacuum_count,
    autoanalyze_count, n_tup_hot_upd
FROM pg_stat_user_tables
WHERE relname = 'tasks'
"""


def main():
    """Measures, prints each run, then the medians."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=int, default=80)
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--naptime", type=int, default=20)
    options.add_argument("--resting", type=int, default=0)
    options.add_argument("--only", default=",".join(SETTINGS))
    options.add_argument("--dead", type=int, default=0)
    chosen = options.parse_args()
    runs = {name: [] for name in chosen.only.split(",")}
    with tempfile.TemporaryDirectory(prefix="taskrun-options-", dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        script = os.path.join(folder, "load.sql")
        with open(script, "w", encoding="utf-8") as file:
            file.write(LOAD)
        cluster = Cluster(os.path.join(folder, "server"))
        try:
            cluster.psql(f"ALTER SYSTEM SET autovacuum_naptime = {chosen.naptime}")
            cluster.psql("SELECT pg_reload_conf()")
            print(f"{chosen} PostgreSQL {cluster.psql('SHOW server_version')}", flush=True)
            if chosen.dead:
                vacuum(cluster, chosen)
                return
            for _ in range(chosen.rounds):
                for name, measured in runs.items():
                    measured.append(measure(cluster, script, SETTINGS[name], chosen))
                    print(line(name, measured[-1]), flush=True)
        finally:
            cluster.close()
    print("\nmedians")
    for name, measured in runs.items():
        print(line(name, {key: statistics.median(run[key] for run in measured) for key in measured[0]}))


def measure(cluster, script, setting, chosen):
    """One load on new tables."""
    name = cluster.make_database()
    try:
        with open(TABLES, encoding="utf-8") as file:
            cluster.psql(file.read() + setting, name)
        add = "INSERT INTO tasks (task_name, run_at) SELECT 'LOAD', now() + interval '{}' FROM generate_series(1, {})"
        cluster.psql(add.format("1 day", chosen.resting), name)
        cluster.psql(add.format("0", BACKLOG), name)
        cluster.psql("VACUUM (ANALYZE) tasks; CHECKPOINT", name)
        log = cluster.psql("SELECT pg_current_wal_lsn()")
        busy = cluster.cpu_seconds()
        step = max(1, chosen.seconds // 30)
        done = subprocess.run(
            [cluster.program("pgbench"), "-n", "-M", "prepared", "-c", "2", "-T", str(chosen.seconds), "-P", str(step),
             "-f", script, "-D", "floor=0", "-D", "ids={}", cluster.url(name, **SESSION)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        busy = cluster.cpu_seconds() - busy
        tasks = BATCH * int(re.search(r"transactions actually processed: (\d+)", done.stdout)[1])
        speeds = [float(speed) for speed in re.findall(r"progress: .*? s, ([\d.]+) tps", done.stderr)]
        log = int(cluster.psql(f"SELECT (pg_current_wal_lsn() - '{log}')::bigint"))
        time.sleep(1.5)  # sessions that ended have told their counts by then
        facts = [int(fact) for fact in cluster.psql(FACTS, name).split("|")]
        return {
            "tasks/s": tasks / chosen.seconds,
            "last third": BATCH * statistics.mean(speeds[-(len(speeds) // 3) :]),
            "CPU ms/1000": busy * 1e6 / tasks,
            "WAL B/task": log / tasks,
            "table MB": facts[0] / 1e6,
            "tasks_due MB": facts[1] / 1e6,
            "indexes MB": facts[2] / 1e6,
            "table+indexes B/task": (facts[0] + facts[2]) / tasks,
            "dead": facts[3],
            "vacuums": facts[4],
            "analyzes": facts[5],
            "HOT": facts[6],
        }
    finally:
        cluster.drop_database(name)


def vacuum(cluster, chosen):
    """How long a vacuum takes, held back as autovacuum is, and not."""
    for _ in range(chosen.rounds):
        for delay, limit in ((2, 200), (2, 2000), (0, 200)):
            name = cluster.make_database()
            with open(TABLES, encoding="utf-8") as file:
                cluster.psql(file.read() + "ALTER TABLE tasks SET (autovacuum_enabled = off)", name)
            cluster.psql(
                f"INSERT INTO tasks (task_name) SELECT 'LOAD' FROM generate_series(1, {chosen.dead});"
                "UPDATE tasks SET status = 'PROCESSING', lease_expires_at = now() + interval '300 seconds';"
                "DELETE FROM tasks; CHECKPOINT",
                name,
            )
            start = time.monotonic()
            cluster.psql(f"SET vacuum_cost_delay = {delay}; SET vacuum_cost_limit = {limit}; VACUUM tasks", name)
            print(f"cost_delay {delay} ms, cost_limit {limit}: {time.monotonic() - start:.2f} s", flush=True)
            cluster.drop_database(name)


def line(name, figures):
    """One line for people."""
    return f"{name:22}" + "  ".join(f"{key} {value:,.0f}" if value >= 100 else f"{key} {value:,.1f}"
                                    for key, value in figures.items())  # fmt: skip


if __name__ == "__main__":
    main()
