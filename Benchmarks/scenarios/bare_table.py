"""What taskrun's checks and indexes cost: adding and draining, against a table of five columns that has neither."""

from harness.own import on_postgresql, on_sqlite, taskrun_bench, with_value
from harness.scenario import Contender, Goal, Scenario

NAME = "bare-table"
DATA = ["--bytes", 30]


def scenarios(bench):
    """Two tables a database."""
    tasks = bench.amount(100_000, 20_000)
    for key, title, floor, opened, least in (
        ("sqlite", "SQLite", on_sqlite, sqlite, 0.45),
        ("postgresql", "PostgreSQL", on_postgresql, postgresql, 0.5),
    ):
        yield adding(bench, key, title, floor, opened, tasks, least)
        yield draining(bench, key, title, floor, opened, tasks)


def adding(bench, key, title, floor, opened, tasks, least):
    """INSERTs of an application: one transaction, one connection, no other writer."""
    contenders = []
    for way, said in (("one", "each row by an INSERT"), ("bulk", "all rows by one INSERT … SELECT")):
        contenders += [
            Contender(f"bare-{way}", "floor", f"a bare table, {said}", adds(bench, floor, True, way, tasks)),
            Contender(f"tasks-{way}", "taskrun", f"taskrun's table, {said}", adds(bench, floor, False, way, tasks)),
        ]
    contenders.append(Contender("bench", "taskrun", "taskrun add, lines of JSON", bulk_add(bench, opened, tasks)))
    goals = [
        Goal("an INSERT, to the bare table", "tasks-one", "bare-one", least=least),
        Goal("INSERT … SELECT, to the bare table", "tasks-bulk", "bare-bulk", least=0.5),
        Goal("taskrun add, to the bare table's INSERT … SELECT", "bench", "bare-bulk"),
    ]
    return Scenario(
        f"{NAME}-{key}-adding", f"Adding to taskrun's table and to a bare one, {title}", "tasks/s", contenders, goals,
        rounds=bench.amount(5, 2),
        note=f"{tasks:,} rows with 30 bytes of data in one transaction; the bare table has five columns, a key, no check and no "
        "other index.",
    )  # fmt: skip


def draining(bench, key, title, floor, opened, tasks):
    """Claim and delete at batch 1,000."""
    words = ["--tasks", tasks, "--batch", 1000, *DATA]
    if key == "sqlite":
        words += ["--journal", "wal", "--synchronous", "normal"]
    contenders = [
        Contender("bare", "floor", "floor on the bare table", lambda: with_value(floor(bench, True, *words))),
        Contender("tasks", "floor", "floor on taskrun's table", lambda: with_value(floor(bench, False, *words))),
        Contender("taskrun", "taskrun", "taskrun", lambda: drained(bench, opened, tasks)),
    ]
    goals = [
        Goal("the floor, taskrun's table to the bare one", "tasks", "bare"),
        Goal("taskrun to the floor on the bare table", "taskrun", "bare"),
        Goal("taskrun to the floor on its own table", "taskrun", "tasks", least=0.8 if key == "postgresql" else 0.5),
    ]
    return Scenario(
        f"{NAME}-{key}-draining", f"Draining taskrun's table and a bare one, {title}", "tasks/s", contenders, goals,
        rounds=bench.amount(5, 2),
        note="Batch 1,000, 30 bytes of data" + ("; WAL, NORMAL." if key == "sqlite" else "; synchronous_commit on."),
    )  # fmt: skip


def adds(bench, floor, is_bare, way, tasks):
    """The C program, adding only."""

    def run():
        answer = floor(bench, is_bare, "--tasks", tasks, *DATA, "--add", way)
        return {"value": answer["added_per_second"], **answer}

    return run


def bulk_add(bench, opened, tasks):
    """How `taskrun add -` adds: seen in a measurement of the whole."""

    def run():
        answer = opened(bench, tasks)
        return {"value": answer["added_per_second"], "tasks": tasks}

    return run


def drained(bench, opened, tasks):
    """A whole run."""
    return opened(bench, tasks)


def sqlite(bench, tasks):
    """`taskrun bench` beside a file."""
    with bench.sqlite(migrated=False) as path:
        words = ["-n", tasks, *DATA, "--journal", "wal", "--synchronous", "normal"]
        return taskrun_bench(bench, f"sqlite:{path}", *words)


def postgresql(bench, tasks):
    """`taskrun bench` on an empty database."""
    with bench.postgresql(migrated=False) as name:
        return taskrun_bench(bench, bench.cluster.url(name), "-n", tasks, *DATA)
