"""Tasks that do nothing, on SQLite: the floor, taskrun, and the others that keep tasks in a file."""

import os

from harness.others import beanstalkd, gearmand, in_file, php, python, with_server
from harness.own import mode, sqlite_floor, sqlite_taskrun
from harness.scenario import Goal, Scenario

NAME = "sqlite"
MODES = (("wal", "normal"), ("wal", "full"), ("delete", "full"))


def scenarios(bench):
    """One table."""
    many = bench.amount(200_000, 50_000)
    others = peers(bench)
    contenders = []
    for journal, synchronous in MODES:
        waits = {("wal", "normal"): 0.1, ("wal", "full"): 1, ("delete", "full"): 4}[journal, synchronous]
        for batch in (1, 10, 100, 1000):
            tasks = bench.commits(batch, waits, most=many)
            contenders.append(sqlite_floor(bench, batch, tasks, journal, synchronous))
        contenders.append(sqlite_taskrun(bench, many, journal, synchronous))
    contenders += others
    goals = [
        to_floor(1000, "wal", "normal", least=0.5),
        to_floor(100, "wal", "normal"),
        Goal("taskrun, WAL, NORMAL, tasks/s", "taskrun-wal-normal", least=150_000),
        to_floor(1000, "wal", "full"),
        to_floor(100, "wal", "full"),
        to_floor(1000, "delete", "full", least=0.8),
        to_floor(100, "delete", "full"),
        Goal("taskrun, rollback journal, FULL, tasks/s", "taskrun-delete-full", least=50_000),
        *[Goal(f"taskrun, {kind}, to {peer.title}", key, peer.key) for peer, kind, key in matched(others)],
    ]  # fmt: skip
    return [
        Scenario(
            NAME, "No-op tasks on SQLite and in files", "tasks/s", contenders, goals,
            rounds=bench.amount(5, 2), in_chart=True,
            note="One process and one connection each. A peer is held against taskrun in the mode next to its own.",
        )
    ]  # fmt: skip


def to_floor(batch, journal, synchronous, least=None):
    """taskrun's speed to the floor's, both with the same settings."""
    label = f"taskrun to the floor at batch {batch:,}, {mode(journal, synchronous)}"
    return Goal(label, f"taskrun-{journal}-{synchronous}", f"floor-{batch}-{journal}-{synchronous}", least=least)


FULL = "a commit is on the disk"
NORMAL = "a power cut loses the last commits, a kill loses none"


def peers(bench):
    """The others that keep tasks in a file."""
    few = bench.amount(4_000, 1_000)
    more = bench.amount(20_000, 5_000)
    safe = bench.commits(each=2, most=few)
    safest = bench.commits(each=8, most=few)
    return [
        in_file(
            bench, "huey-full", "huey, fsync on", python, "huey_sqlite.py", safe, words=["on"],
            settings="SqliteHuey, WAL, fsync=True, results=False, 1 worker thread",
            durable=f"{FULL}, but a task is deleted before it is performed: a killed worker loses what it had in hand",
        ),
        in_file(
            bench, "huey-off", "huey, fsync off", python, "huey_sqlite.py", more, words=["off"],
            settings="SqliteHuey, WAL, fsync=False, results=False, 1 worker thread",
            durable="as above, and a power cut loses commits",
        ),
        in_file(
            bench, "litequeue", "litequeue", python, "litequeue_sqlite.py", few,
            settings="WAL, NORMAL (its own)",
            durable=f"{NORMAL}; what a dead program had stays locked until somebody calls retry",
        ),
        in_file(
            bench, "persistqueue", "persist-queue, FIFO", python, "persistqueue_sqlite.py", more, words=["fifo"],
            settings="FIFOSQLiteQueue, WAL, FULL, auto_commit=False, task_done each 100",
            durable=f"{FULL}; one consumer, and what a dead one had since task_done comes again",
        ),
        in_file(
            bench, "persistqueue-ack", "persist-queue, ack", python, "persistqueue_sqlite.py", safe, words=["ack"],
            settings="SQLiteAckQueue, WAL, FULL",
            durable=f"{FULL}; a dead consumer's items come again when the queue is opened",
        ),
        with_server(
            bench, "beanstalkd-full", "beanstalkd, fsync each time", python, "beanstalkd_greenstalk.py", safe,
            beanstalkd(0), settings="-b -f0; greenstalk on a Unix socket", durable=f"{FULL}",
        ),
        with_server(
            bench, "beanstalkd", "beanstalkd, fsync each 50 ms", python, "beanstalkd_greenstalk.py", more,
            beanstalkd(50), settings="-b (-f50); greenstalk on a Unix socket",
            durable="a power cut loses the last 50 ms, a kill loses nothing",
        ),
        with_server(
            bench, "gearmand-sqlite", "gearmand, queue in SQLite", php, "gearman_worker.php", safest,
            gearmand(lambda folder, _: ["-q", "libsqlite3", "--libsqlite3-db", os.path.join(folder, "queue.db")]),
            settings="PHP extension, one worker, background jobs; rollback journal, FULL",
            durable="a job is deleted when its worker is done",
        ),
        in_file(
            bench, "php-full", "PHP cron worker, FULL", php, "cron_worker.php", safest,
            words=[""], place="sqlite:{}/jobs.db",
            settings="SQLite's defaults (rollback journal, FULL); one row at a time: SELECT, UPDATE, DELETE",
            durable="unsafe: two at once perform a task twice, a dead one's row stays marked",
        ),
        in_file(
            bench, "php-normal", "PHP cron worker, WAL, NORMAL", php, "cron_worker.php", more,
            words=["PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"], place="sqlite:{}/jobs.db",
            settings="WAL, NORMAL; one row at a time: SELECT, UPDATE, DELETE",
            durable=f"unsafe, as above; {NORMAL}",
        ),
    ]  # fmt: skip


def matched(others):
    """Each peer with the taskrun that waits for the disk as often, or more often."""
    modes = {
        "huey-off": ("wal", "normal"), "litequeue": ("wal", "normal"), "beanstalkd": ("wal", "normal"),
        "php-normal": ("wal", "normal"), "gearmand-sqlite": ("delete", "full"), "php-full": ("delete", "full"),
    }  # fmt: skip
    for peer in others:
        journal, synchronous = modes.get(peer.key, ("wal", "full"))
        yield peer, mode(journal, synchronous), f"taskrun-{journal}-{synchronous}"
