"""What the column `lock_place` is good for: claims of tasks with lock keys, with the column and in forms without it.

    python3 Benchmarks/lock_place.py [--rows 1000000] [--keys 100000] [--claims 2000] [--seconds 30] [--rounds 3]
                                     [--only sqlite|postgresql] [--forms column,each] [--orders big] [--folder /var/tmp]
    python3 Benchmarks/lock_place.py --smoke

One step is one transaction: it deletes the tasks that the step before has claimed, and claims the next 100. All rows
are due, in one lane. Their orders:
    turns     the keys take turns
    together  the rows of a key were inserted together
    big       one key has the first half of the rows, the other keys take turns in the second half
Each is drained with no other key held, and with eight: those of the first rows. The forms:
    column    as taskrun does it, with its statements from Sources: rows found behind others are marked
    each      no column. Goes through the rows in due order; a row is claimed if it is the first one of its key, and no
              row of that key is PROCESSING
    keys      no column. Goes from key to key, takes the first row of each, and sorts these
    holder    a column that only says who holds the key: as `each` for the first 10,000 rows, and if these do not
              suffice as `keys`
Every claim is compared with what a claim must return. Forms and orders take turns; a figure is the rounds' median.
A step's time is the time on a processor, so that other work on the machine counts little: of this process on SQLite,
of the server's process on PostgreSQL. A drain ends after --claims steps or --seconds; one with steps of over 100 ms
ends after a sixth of the time. On SQLite: WAL, synchronous NORMAL. On PostgreSQL: a throwaway server without fsync, and
the planner's settings are taskrun's.
"""

import argparse
import heapq
import json
import os
import shutil
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from types import SimpleNamespace

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from harness.cluster import Cluster  # noqa: E402
from harness.process import running_seconds_of  # noqa: E402
from harness.psql import Client  # noqa: E402

BATCH = 100
HELD = 8
WINDOW = 10_000
FORMS = ("column", "each", "keys", "holder")
ORDERS = ("turns", "together", "big")
NOW = "2030-01-01 00:00:00"
# The newest version of the tables that a program knows: this one knows any.
NEWEST = 2**31 - 1


def text(path):
    """A file of the project."""
    with open(os.path.join(HERE, "..", path), encoding="utf-8") as file:
        return file.read().strip().rstrip(";")


class Tasks:
    """What a claim must return: the numbers of the rows in due order, which is the order of the numbers here."""

    def __init__(self, order, rows, keys):
        self.order, self.rows, self.keys = order, rows, keys
        self.half = rows // 2
        self.each = rows // keys
        if order == "big":
            self.heads = [0, *range(self.half, self.half + keys - 1)]
        else:
            self.heads = list(range(0, keys)) if order == "turns" else list(range(0, rows, self.each))
        self.claimed = []

    def key(self):
        """The number of a row's key, in SQL, by the row's number i."""
        keys, half = self.keys, self.half
        number = {
            "turns": f"i % {keys}",
            "together": f"i / {self.each}",
            "big": f"CASE WHEN i < {half} THEN 0 ELSE 1 + (i - {half}) % {keys - 1} END",
        }[self.order]
        # Keys are not in the order in which their rows are due.
        return f"'customer ' || (({number}) * 7919 % {keys})"

    def next(self, row):
        """The row that follows with the same key."""
        if self.order == "turns":
            after = row + self.keys
        elif self.order == "together":
            after = row + 1 if (row + 1) % self.each else self.rows
        elif row < self.half:
            after = row + 1 if row + 1 < self.half else self.rows
        else:
            after = row + self.keys - 1
        return after if after < self.rows else None

    def hold(self):
        """The first rows of the keys that are held."""
        return [heapq.heappop(self.heads) for _ in range(HELD)]

    def check(self, got, is_short):
        """Compares a claim with what it must be: the first rows, and if it may not be short, all of them."""
        for row in self.claimed:
            after = self.next(row)
            if after is not None:
                heapq.heappush(self.heads, after)
        wanted = len(got) if is_short else min(BATCH, len(self.heads))
        self.claimed = [heapq.heappop(self.heads) for _ in range(wanted)]
        if sorted(got) != self.claimed:
            sys.exit(f"{self.order}: claimed {sorted(got)[:5]}…, expected {self.claimed[:5]}…")


class SQLite:
    """The forms on SQLite."""

    title = "SQLite"
    WAITING = "status = 'WAITING' AND lock_key IS NOT NULL"
    HOLDERS = {"each": "status = 'PROCESSING'", "keys": "status = 'PROCESSING'", "holder": "lock_place = 2"}
    FIRST = f"""(SELECT first.id FROM tasks AS first
        WHERE {WAITING} AND first.lock_key = row.lock_key AND julianday(first.run_at) <= julianday(:now)
        ORDER BY first.priority, julianday(first.run_at), first.id LIMIT 1)"""
    FREE = "NOT EXISTS (SELECT 1 FROM tasks AS holder WHERE holder.lock_key = row.lock_key AND holder.{holder})"
    LANE = f"""FROM tasks INDEXED BY tasks_lock_due
        WHERE {WAITING} AND crashes = 0 AND task_name = 'A' AND queue = 'default' AND priority = 0
            AND julianday(run_at) <= julianday(:now)
        ORDER BY julianday(run_at), id"""
    EACH = f"SELECT id FROM (SELECT id, lock_key {LANE} LIMIT :most) AS row WHERE {FREE} AND id = {FIRST} LIMIT :limit"
    KEYS = f"""WITH RECURSIVE head (id) AS (
        SELECT (SELECT id FROM tasks WHERE {WAITING} ORDER BY lock_key, priority, julianday(run_at), id LIMIT 1)
        UNION ALL
        SELECT (SELECT id FROM tasks WHERE {WAITING} AND lock_key > (SELECT lock_key FROM tasks WHERE id = head.id)
            ORDER BY lock_key, priority, julianday(run_at), id LIMIT 1)
        FROM head WHERE head.id IS NOT NULL)
        SELECT id FROM (
            SELECT CASE WHEN julianday(row.run_at) <= julianday(:now) THEN row.id ELSE {FIRST} END AS first
            FROM head JOIN tasks AS row ON row.id = head.id WHERE {FREE}
        ) JOIN tasks ON id = first
        WHERE crashes = 0 AND task_name = 'A' AND queue = 'default'
        ORDER BY priority, julianday(run_at), id LIMIT :limit"""
    TAKE = """UPDATE tasks SET status = 'PROCESSING', attempts = attempts + 1, claim_no = claim_no + 1,
        lease_owner = 'run', lease_expires_at = '2030-01-01 00:05:00' WHERE id IN (SELECT value FROM json_each(:ids))
        RETURNING id, lock_key"""

    def __init__(self, folder):
        self.folder = folder
        names = ("promote", "is_allowed", "mark_behind", "hold")
        self.sql = {name: text(f"Sources/SQLiteStore/SQL/Locks/{name}.sql") for name in names}
        self.sql["delete"] = text("Sources/SQLiteStore/SQL/Settle/delete_all.sql")
        self.sql["look"] = text("Sources/SQLiteStore/SQL/Claim/head_of_keyed_lane.sql")

    def path(self, name):
        """A database file."""
        return os.path.join(self.folder, name + ".db")

    def open(self, name):
        """Opens a file."""
        self.db = sqlite3.connect(self.path(name), isolation_level=None, cached_statements=50)
        self.db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")

    def fill(self, tasks):
        """Makes a table for the column, and one for the other forms."""
        self.open(tasks.order)
        self.db.executescript(text("Migrations/schema.sqlite.sql") + ";")
        self.db.execute(
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) INSERT INTO tasks"
            " (task_name, run_at, lock_key)"
            " SELECT 'A', strftime('%Y-%m-%d %H:%M:%f', 1.76e9 + i / 1000.0, 'unixepoch'),"
            f" {tasks.key()} FROM n",
            [tasks.rows],
        )
        self.db.close()
        shutil.copy(self.path(tasks.order), self.path(tasks.order + "_derived"))
        self.open(tasks.order + "_derived")
        self.db.executescript(
            "DROP INDEX tasks_lock_open; DROP INDEX tasks_lock_behind; CREATE INDEX tasks_lock_due ON tasks"
            " (task_name, queue, priority, julianday(run_at), id, lock_key)"
            f" WHERE {self.WAITING} AND crashes = 0"
        )
        self.db.close()

    def begin(self, form, order, held):
        """Opens a fresh copy of a table."""
        shutil.copy(self.path(order if form == "column" else order + "_derived"), self.path("drained"))
        self.open("drained")
        if form in ("each", "keys"):
            self.db.executescript(
                "DROP INDEX tasks_lock_holder;"
                "CREATE INDEX tasks_lock_busy ON tasks (lock_key) WHERE lock_key IS NOT NULL AND status = 'PROCESSING'"
            )
        if form == "keys":
            self.db.execute("DROP INDEX tasks_lock_due")
        if form != "column":
            self.each = self.EACH.format(holder=self.HOLDERS[form])
            self.keys = self.KEYS.format(holder=self.HOLDERS[form])
        self.claimed = []
        self.take([row + 1 for row in held], form)
        self.claimed = []

    def take(self, ids, form):
        """Claims rows."""
        self.claimed = self.db.execute(self.TAKE, {"ids": json.dumps(ids)}).fetchall()
        if form in ("column", "holder"):
            self.db.execute(self.sql["hold"], {"ids": json.dumps(ids)})

    def step(self, form):
        """Settles and claims; the rows."""
        run = self.db.execute
        run("BEGIN IMMEDIATE")
        run(self.sql["delete"], {"ids": json.dumps([id for id, _ in self.claimed]), "claim_no": 1})
        if form == "column":
            for _, key in self.claimed:
                run(self.sql["promote"], {"key": key, "id": None, "now": NOW})
        self.take(self.find(form), form)
        run("COMMIT")
        return [id - 1 for id, _ in self.claimed]

    def find(self, form):
        """The rows to claim."""
        run = self.db.execute
        if form == "column":
            lane = {"name": "A", "queue": b"default", "priority": 0.0, "now": NOW, "limit": 500}
            allowed, behind = [], []
            for id, _ in run(self.sql["look"], lane).fetchall():
                is_allowed = run(self.sql["is_allowed"], {"id": id, "now": NOW, "except": "[]"}).fetchone()[0]
                (allowed if is_allowed else behind).append(id)
            if behind:
                run(self.sql["mark_behind"], {"ids": json.dumps(behind)})
            return allowed[:BATCH]
        found = []
        if form != "keys":
            most = {"now": NOW, "limit": BATCH, "most": WINDOW if form == "holder" else 1 << 40}
            found = run(self.each, most).fetchall()
        if form == "keys" or form == "holder" and len(found) < BATCH:
            found = run(self.keys, {"now": NOW, "limit": BATCH}).fetchall()
        return [id for id, in found]

    def seconds(self):
        """The time on a processor until now."""
        return time.process_time()

    def end(self):
        """Removes the copy."""
        self.db.close()
        for end in ("", "-wal", "-shm"):
            if os.path.exists(self.path("drained") + end):
                os.remove(self.path("drained") + end)

    def close(self):
        """Nothing is left but the folder."""


class Session(Client):
    """A session of psql."""

    def rows(self, sql):
        """All lines that SQL prints."""
        self.process.stdin.write(sql + ";\n\\echo .\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline().rstrip("\n")) != ".":
            if not line and self.process.poll() is not None:
                sys.exit("psql ended")
            lines.append(line)
        return lines


class PostgreSQL:
    """The forms on PostgreSQL."""

    title = "PostgreSQL"
    SESSION = "SET plan_cache_mode = force_generic_plan; SET jit = off; SET synchronous_commit = off" + "".join(
        f"; SET enable_{scan} = off" for scan in ("seqscan", "bitmapscan", "hashjoin", "mergejoin")
    )
    WAITING = "status = 'WAITING' AND lock_key IS NOT NULL"
    HOLDERS = SQLite.HOLDERS
    FIRST = f"""(SELECT first.id FROM ONLY tasks AS first
        WHERE {WAITING} AND first.lock_key = row.lock_key AND first.run_at <= statement_timestamp()
        ORDER BY first.priority, first.run_at, first.id LIMIT 1)"""
    # Not NOT EXISTS: planned while no key is held, it compares each row with all holders.
    FREE = """(SELECT holder.id FROM ONLY tasks AS holder
        WHERE holder.lock_key = row.lock_key AND holder.{holder} LIMIT 1) IS NULL"""
    # The key first, then the row, as in keyed.sql.
    LOCKED = """SELECT id FROM ONLY tasks WHERE id = ANY (ARRAY(
            SELECT id FROM found
            WHERE pg_try_advisory_xact_lock(hashtextextended(lock_key, coalesce((SELECT salt FROM ONLY task_salt), 0)))
        )) AND status || '' = 'WAITING' FOR NO KEY UPDATE SKIP LOCKED"""
    LANE = f"""FROM ONLY tasks
        WHERE {WAITING} AND crashes = 0 AND task_name = 'A' AND queue = 'default' AND priority = 0
            AND run_at <= statement_timestamp()
        ORDER BY run_at, id"""
    EACH = f"""PREPARE each (bigint) AS WITH found AS MATERIALIZED (
            SELECT id, lock_key FROM (SELECT id, lock_key {LANE} LIMIT $1) AS row WHERE {FREE} AND id = {FIRST}
            LIMIT {BATCH}
        ) {LOCKED}"""
    HEAD = "SELECT id, task_name, queue, priority, run_at, crashes, lock_key FROM ONLY tasks"
    KEYS = f"""PREPARE keys AS WITH RECURSIVE head AS (
            ({HEAD} WHERE {WAITING} ORDER BY lock_key, priority, run_at, id LIMIT 1)
            UNION ALL
            SELECT next.* FROM head CROSS JOIN LATERAL (
                {HEAD} WHERE {WAITING} AND tasks.lock_key > head.lock_key
                ORDER BY lock_key, priority, run_at, id LIMIT 1) AS next
        ), first AS (
            SELECT * FROM head AS row WHERE run_at <= statement_timestamp() AND {{free}}
            UNION ALL
            SELECT due.* FROM head AS row CROSS JOIN LATERAL (
                {HEAD} WHERE {WAITING} AND tasks.lock_key = row.lock_key AND run_at <= statement_timestamp()
                ORDER BY priority, run_at, id LIMIT 1) AS due
            WHERE row.run_at > statement_timestamp() AND {{free}}
        ), found AS MATERIALIZED (
            SELECT id, lock_key FROM first WHERE crashes = 0 AND task_name = 'A' AND queue = 'default'
            ORDER BY priority, run_at, id LIMIT {BATCH}
        ) {LOCKED}"""
    # A second look, when the keys are locked.
    DECIDE = f"""PREPARE sure (bigint[]) AS SELECT id FROM ONLY tasks AS row
        WHERE id = ANY ($1) AND {FREE} AND id = {FIRST}"""
    TAKE = """PREPARE take (bigint[], integer) AS UPDATE ONLY tasks SET status = 'PROCESSING', attempts = attempts + 1,
        claim_no = claim_no + 1, lease_owner = 'run', lease_expires_at = now() + interval '300 s', lock_place = $2
        WHERE id = ANY ($1) RETURNING id, lock_key"""

    def __init__(self, folder):
        self.cluster = Cluster(os.path.join(folder, "server"), fsync="off")
        locks = "Sources/PostgreSQLStore/SQL/Locks/"
        self.column = [
            f"PREPARE {name} AS {text(locks + file + '.sql')}"
            for name, file in (
                ("lock_keys", "lock_keys"),
                ("promote", "lock_promote"),
                ("look", "keyed"),
                ("decide", "keyed_decide"),
            )
        ]
        self.delete = f"PREPARE settle AS {text('Sources/PostgreSQLStore/SQL/Settle/settle_delete.sql')}"

    def fill(self, tasks):
        """Makes a table for the column, and one for the other forms."""
        for name in (tasks.order, tasks.order + "_derived"):
            self.cluster.psql(f"CREATE DATABASE {name}")
            self.cluster.psql(text("Migrations/schema.postgresql.sql"), name)
        self.cluster.psql(
            "DROP INDEX tasks_lock_open; DROP INDEX tasks_lock_behind; CREATE INDEX tasks_lock_due ON tasks"
            f" (task_name, queue, priority, run_at, id) INCLUDE (lock_key) WHERE {self.WAITING} AND crashes = 0",
            tasks.order + "_derived",
        )
        for name in (tasks.order, tasks.order + "_derived"):
            self.cluster.psql(
                "INSERT INTO tasks (task_name, run_at, lock_key) SELECT 'A', to_timestamp(1.76e9 + i / 1000.0),"
                f" {tasks.key()} FROM generate_series(0, {tasks.rows} - 1) AS i",
                name,
            )
            self.cluster.psql("VACUUM (ANALYZE) tasks", name)
            self.cluster.psql("CHECKPOINT", name)

    def begin(self, form, order, held):
        """Opens a fresh copy of a table."""
        self.cluster.psql(
            f"CREATE DATABASE drained TEMPLATE {order if form == 'column' else order + '_derived'} STRATEGY file_copy"
        )
        self.session = Session(SimpleNamespace(cluster=self.cluster), "drained")
        run = self.session.rows
        self.pid = int(run("SELECT pg_backend_pid()")[0])
        run(self.SESSION)
        if form in ("each", "keys"):
            run(
                "DROP INDEX tasks_lock_holder;"
                "CREATE INDEX tasks_lock_busy ON tasks (lock_key) WHERE lock_key IS NOT NULL AND status = 'PROCESSING'"
            )
        if form == "keys":
            run("DROP INDEX tasks_lock_due")
        for statement in [self.delete, self.TAKE, *(self.column if form == "column" else self.derived(form))]:
            run(statement)
        self.claimed = []
        self.take([row + 1 for row in held], form)
        self.claimed = []

    def derived(self, form):
        """The statements of a form without marks."""
        holder = self.HOLDERS[form]
        free = self.FREE.format(holder=holder)
        if form != "keys":
            yield self.EACH.format(holder=holder)
        if form != "each":
            yield self.KEYS.format(free=free)
        yield self.DECIDE.format(holder=holder)

    def take(self, ids, form):
        """Claims rows."""
        self.claimed = []
        if ids:
            place = 2 if form in ("column", "holder") else 0
            rows = self.session.rows(f"EXECUTE take('{array(ids)}', {place})")
            self.claimed = [(int(id), key) for id, key in (row.split("|") for row in rows)]

    def step(self, form):
        """Settles and claims; the rows."""
        run = self.session.rows
        ids, numbers = array(id for id, _ in self.claimed), array(1 for _ in self.claimed)
        opening = ["BEGIN", f"EXECUTE settle('{ids}', '{numbers}')"]
        if form == "column":
            keys = array(f'"{key}"' for _, key in self.claimed)
            opening += [f"EXECUTE lock_keys('{keys}')", f"EXECUTE promote('{keys}', NULL)"]
        run(";".join(opening))
        self.take(self.find(form), form)
        run("COMMIT")
        return [id - 1 for id, _ in self.claimed]

    def find(self, form):
        """The rows to claim."""
        run = self.session.rows
        if form == "column":
            # Of the lane 1,000 rows, and of these at most 200 keys.
            rows = [row.split("|") for row in run("EXECUTE look('{}', NULL, 1000, NULL, '{}', '{}', 200, NULL, '{A}', '{default}', '{0}')")]
            held = [int(row[2]) for row in rows if row[3] == "t"]
            allowed = run(f"EXECUTE decide('{array(held)}', NULL, '{{}}', {NEWEST})")
            return sorted(int(id) for id in allowed)[:BATCH]
        found = []
        if form != "keys":
            found = run(f"EXECUTE each({WINDOW})" if form == "holder" else "EXECUTE each(NULL)")
        if form == "keys" or form == "holder" and len(found) < BATCH:
            found = run("EXECUTE keys")
        return [int(id) for id in run(f"EXECUTE sure('{array(found)}')")]

    def seconds(self):
        """The time on a processor until now."""
        return running_seconds_of(self.pid)

    def end(self):
        """Removes the copy."""
        self.session.close()
        self.cluster.drop_database("drained")

    def close(self):
        """Stops the server."""
        self.cluster.close()


def array(items):
    """An array in SQL."""
    return "{" + ",".join(map(str, items)) + "}"


def drain(store, form, order, is_held, asked):
    """How long each step took, in ms, and how many rows it claimed."""
    tasks = Tasks(order, asked.rows, asked.keys)
    store.begin(form, order, tasks.hold() if is_held else [])
    times, counts = [], []
    end = time.monotonic() + asked.seconds
    while len(times) < asked.claims and (time.monotonic() < end or len(times) < 3):
        start = store.seconds()
        got = store.step(form)
        times.append((store.seconds() - start) * 1000)
        counts.append(len(got))
        # With the column a claim may find fewer rows while it marks others.
        tasks.check(got, is_short=form == "column")
        if sum(times) > asked.seconds * 1000 / 6 and sum(times) > 100 * len(times):
            break
    store.end()
    tenth = max(1, len(times) // 10)
    return {
        "claims": len(times),
        "median": statistics.median(times),
        "p95": sorted(times)[int(len(times) * 0.95)],
        "max": max(times),
        "first": statistics.median(times[:tenth]),
        "last": statistics.median(times[-tenth:]),
        "rows/s": sum(counts) / sum(times) * 1000,
    }


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=100_000, help="rows for each: a whole number")
    parser.add_argument("--claims", type=int, default=2000, help="the most steps of a drain")
    parser.add_argument("--seconds", type=float, default=30, help="the longest time of a drain")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--forms", default=",".join(FORMS), help="default: %(default)s")
    parser.add_argument("--orders", default=",".join(ORDERS), help="default: %(default)s")
    parser.add_argument("--folder", default="/var/tmp", help="a folder on the disk to measure (default: %(default)s)")
    parser.add_argument("--smoke", action="store_true", help="few rows: shows that all forms claim the right ones")
    asked = parser.parse_args()
    if asked.smoke:
        asked.rows, asked.keys, asked.claims, asked.rounds = 4000, 400, 30, 1
    # Stopped, it leaves nothing behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    stores = [store for store in (SQLite, PostgreSQL) if asked.only in (None, store.__name__.lower())]
    with tempfile.TemporaryDirectory(prefix="taskrun-lock-place-", dir=asked.folder) as folder:
        os.chmod(folder, 0o755)  # the server has a user of its own
        for store in (make(folder) for make in stores):
            try:
                measure(store, asked)
            finally:
                store.close()


def measure(store, asked):
    """All drains on one database; prints a table."""
    orders = asked.orders.split(",")
    for order in orders:
        store.fill(Tasks(order, asked.rows, asked.keys))
    found = {}
    for _ in range(asked.rounds):
        for order in orders:
            for is_held in (True,) if asked.smoke else (False, True):
                for form in asked.forms.split(","):
                    figures = drain(store, form, order, is_held, asked)
                    if not asked.smoke:
                        print(store.title, order, is_held, form, json.dumps(figures), file=sys.stderr, flush=True)
                    found.setdefault((order, is_held, form), []).append(figures)
    names = ("claims", "median", "p95", "max", "first", "last", "rows/s")
    print(f"\n{store.title}: ms on a processor for each claim; first, last: medians of the first and last tenth\n")
    print("| order | keys held | form | " + " | ".join(names) + " |\n|---|--:|---|" + "--:|" * len(names))
    for (order, is_held, form), rounds in found.items():
        figures = [statistics.median(round[name] for round in rounds) for name in names]
        shown = [f"{figure:,.0f}" if figure >= 100 or figure == int(figure) else f"{figure:.1f}" for figure in figures]
        print(f"| {order} | {HELD if is_held else 0} | {form} | " + " | ".join(shown) + " |", flush=True)


if __name__ == "__main__":
    main()
