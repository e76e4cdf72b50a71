"""What cron pays each minute when there is nothing to do."""

import os
import shutil

from harness.others import php
from harness.scenario import Contender, Goal, Scenario, seen_beside

NAME = "nothing-due"
TIMES = 10


def scenarios(bench):
    """Processor time and peak memory of the whole process, from exec to exit, as the kernel counts them."""
    contenders = []
    for key, title, place in (("sqlite", "SQLite", in_sqlite), ("postgresql", "PostgreSQL", in_postgresql)):
        contenders += [
            Contender(key, "taskrun", f"taskrun once, {title}", lambda place=place: place(bench, once)),
            Contender(f"php-{key}", "peer", f"PHP, {title}", lambda place=place: place(bench, look)),
        ]
    cpu = [
        Goal("SQLite, ms", "sqlite", most=10),
        Goal("PostgreSQL, ms", "postgresql", most=20),
        Goal("SQLite to PHP", "sqlite", "php-sqlite", most=1),
        Goal("PostgreSQL to PHP", "postgresql", "php-postgresql", most=1),
    ]
    rounds = bench.amount(5, 2)
    note = f"Mean of {TIMES} runs a round; PHP opens the same database and selects one row."
    both = Scenario(
        NAME, "A run with nothing due: processor time", "ms CPU", contenders, cpu,
        rounds=rounds, higher_is_better=False, note=note,
    )  # fmt: skip
    yield both
    memory = [seen_beside(old, "peak_memory_mib") for old in contenders]
    goals = [
        Goal("SQLite, MiB", "sqlite", most=25),
        Goal("SQLite to PHP", "sqlite", "php-sqlite", most=1),
        Goal("PostgreSQL to PHP", "postgresql", "php-postgresql", most=1),
    ]
    yield Scenario(
        f"{NAME}-memory", "A run with nothing due: peak memory", "MiB", memory, goals,
        rounds=rounds, higher_is_better=False, note="Of the same runs.",
    )  # fmt: skip


def once(bench, folder, database, _source):
    """One `taskrun once`."""
    return bench.call_taskrun(database, "--handlers", os.path.join(folder, "handlers"), "once", cwd=folder)


def look(bench, folder, _database, source):
    """One PHP script that looks."""
    return bench.run([*php(bench, "look_once.php"), source], cwd=folder)


def in_sqlite(bench, act):
    """On a file."""
    with bench.sqlite() as path:
        return several(bench, act, os.path.dirname(path), f"sqlite:{path}", f"sqlite:{path}")


def in_postgresql(bench, act):
    """On a server."""
    with bench.postgresql() as name, bench.folder_for("once") as folder:
        return several(bench, act, folder, bench.cluster.url(name), bench.php_source(name))


def several(bench, act, folder, database, source):
    """The mean of some runs, with one handler there."""
    handlers = os.path.join(folder, "handlers")
    os.mkdir(handlers)
    shutil.copy("/bin/cat", os.path.join(handlers, "CAT"))
    times = 1 if bench.is_smoke else TIMES
    runs = [act(bench, folder, database, source) for _ in range(times)]
    return {
        "value": sum(run.cpu_seconds for run in runs) / times * 1000,
        "seconds": sum(run.seconds for run in runs) / times,
        "peak_memory_mib": max(run.peak_memory_mib for run in runs),
    }
