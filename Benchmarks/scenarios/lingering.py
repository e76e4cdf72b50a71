"""How soon a lingering run begins a task after its INSERT committed, and what it costs while nothing happens."""

import contextlib
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import time

from harness.process import Missing, kill_group, last_words, running_seconds_of
from harness.psql import Client
from harness.scenario import Contender, Goal, Scenario, seen_beside

NAME = "lingering"
IDLE, QUICK_IDLE = 10, 3  # seconds
TASKS, QUICK_TASKS = 200, 40
INSERT = "INSERT INTO tasks (task_name) VALUES ('STAMP') RETURNING id;"


def scenarios(bench):
    """Latency, and idle processor time of the same runs."""
    kinds = {
        "sqlite": ("SQLite", lambda: in_sqlite(bench)),
        "notify": ("PostgreSQL with NOTIFY", lambda: in_postgresql(bench, ["--notify"])),
        "poll": ("PostgreSQL, polling", lambda: in_postgresql(bench, [])),
    }
    contenders = [Contender(key, "taskrun", title, run) for key, (title, run) in kinds.items()]
    goals = [
        Goal("SQLite, ms", "sqlite", most=10),
        Goal("NOTIFY, ms", "notify", most=10),
        Goal("polling, ms", "poll", most=100),
    ]
    yield Scenario(
        NAME, "Lingering: from commit to the handler's start, p50", "ms", contenders, goals,
        rounds=bench.amount(5, 1), higher_is_better=False,
        note="The handler is a program in C whose first act is to look at the clock: starting it is in the figure. "
        f"{bench.amount(TASKS, QUICK_TASKS)} tasks a round, each at a moment of its own.",
    )  # fmt: skip
    idle = [seen_beside(old, "idle_percent") for old in contenders]
    limits = [Goal(old.title + ", % of a core", old.key, most=1) for old in idle]
    yield Scenario(
        f"{NAME}-idle", "Lingering: idle", "% of a core", idle, limits,
        rounds=bench.amount(5, 1), higher_is_better=False,
        note=f"Over {bench.amount(IDLE, QUICK_IDLE)} s without a task, in the same runs.",
    )  # fmt: skip


def in_sqlite(bench):
    """Inserts through Python's sqlite3."""
    with bench.sqlite() as path, contextlib.closing(sqlite3.connect(path, isolation_level=None)) as application:
        return latency(
            bench, os.path.dirname(path), f"sqlite:{path}",
            lambda: application.execute(INSERT).fetchall()[0][0],
        )  # fmt: skip


def in_postgresql(bench, options):
    """Inserts through a session of psql."""
    with bench.postgresql(migrated=False) as name, bench.folder_for("lingering") as folder:
        bench.call_taskrun(bench.cluster.url(name), "migrate", *options)
        application = Client(bench, name)
        try:
            return latency(bench, folder, bench.cluster.url(name), lambda: int(application.ask(INSERT)))
        finally:
            application.close()


def latency(bench, folder, database, insert):
    """Starts a lingering run, inserts one task after the other, and reads when each began."""
    handlers = os.path.join(folder, "handlers")
    os.mkdir(handlers)
    shutil.copy(os.path.join(bench.floors, "stamp"), os.path.join(handlers, "STAMP"))
    command = [bench.taskrun, "--database", database, "--handlers", handlers, "once", "--linger"]
    with open(os.path.join(folder, "log"), "w+", encoding="utf-8") as log:
        run = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            time.sleep(1)
            if run.poll() is not None:
                log.seek(0)
                raise Missing(f"taskrun once --linger: {last_words(log.read())}")
            before = running_seconds_of(run.pid)
            pause = bench.amount(IDLE, QUICK_IDLE)
            time.sleep(pause)
            idle = (running_seconds_of(run.pid) - before) / pause * 100
            stamps = os.path.join(folder, "stamps")
            times = [one(insert, stamps) for _ in range(bench.amount(TASKS, QUICK_TASKS))]
        finally:
            run.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(10)
            kill_group(run)
    times.sort()
    return {
        "value": statistics.median(times), "p99_ms": times[int(len(times) * 0.99)], "tasks": len(times),
        "idle_percent": idle,
    }  # fmt: skip


def one(insert, stamps):
    """Inserts a task; the milliseconds from its commit to its handler's first act."""
    # The run looked when it was done with the task before. An application does not know when that was.
    time.sleep(random.uniform(0, 0.2))
    number = insert()
    committed = time.time_ns()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        time.sleep(0.01)
        for line in lines_of(stamps):
            if line.startswith(f"{number} "):
                # Within the millisecond that the answer takes to get here, the handler may be the faster one.
                return max(0.0, (int(line.split()[1]) - committed) / 1e6)
    raise Missing("a task was not begun within 10 s")


def lines_of(path):
    """What is in a file, if it is there."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []
