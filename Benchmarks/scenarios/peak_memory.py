"""Peak memory while draining a backlog of tasks with 1 KB of data each."""

import contextlib

from harness.own import taskrun_bench
from harness.scenario import Contender, Goal, Scenario

NAME = "peak-memory"


def scenarios(bench):
    """One table: a large backlog against a small one."""
    large, small = bench.amount(1_000_000, 100_000), bench.amount(100_000, 10_000)
    if bench.is_smoke:
        large, small = 500, 100
    contenders = []
    goals = []
    for key, title, opened in (("sqlite", "SQLite", sqlite), ("postgresql", "PostgreSQL", postgresql)):
        for count in (small, large):
            contenders.append(
                Contender(f"{key}-{count}", "taskrun", f"{title}, {count:,} rows", runner(bench, opened, count))
            )
        goals += [
            Goal(f"{title}, {large:,} rows, MiB", f"{key}-{large}", most=80),
            Goal(f"{title}, {large:,} rows to {small:,}", f"{key}-{large}", f"{key}-{small}", most=1.15),
        ]
    return [
        Scenario(
            NAME, "Peak memory, 1 KB of data a row", "MiB", contenders, goals,
            rounds=bench.amount(5, 1), higher_is_better=False,
        )
    ]  # fmt: skip


def runner(bench, opened, count):
    """One bench, of which the memory is the value."""

    def run():
        with opened(bench) as database:
            sample = taskrun_bench(bench, database, "-n", count, "--bytes", 1000)
            return {**sample, "value": sample["peak_memory_mib"]}

    return run


@contextlib.contextmanager
def sqlite(bench):
    """A place for a file."""
    with bench.sqlite(migrated=False) as path:
        yield f"sqlite:{path}"


@contextlib.contextmanager
def postgresql(bench):
    """An empty database."""
    with bench.postgresql(migrated=False) as name:
        yield bench.cluster.url(name)
