"""Floors and taskrun as contenders."""

import contextlib
import json
import os
import subprocess

from harness.filling import TABLES, postgresql_tables
from harness.process import Missing, kill_group, last_words
from harness.scenario import Contender


def postgresql_floor(bench, batch, tasks, commit="on", processes=1):
    """The bare statements through libpq."""

    def run():
        words = ["--tasks", tasks, "--batch", batch, "--commit", commit, "--processes", processes]
        return with_value(on_postgresql(bench, False, *words))

    connections = "" if processes == 1 else f", {processes} connections"
    return Contender(
        key=f"floor-{batch}-{commit}-{processes}",
        kind="floor",
        title=f"floor, batch {batch:,}" + (", commit off" if commit == "off" else "") + connections,
        settings=f"{tasks:,} tasks; libpq, pipeline; synchronous_commit {commit}",
        run=run,
    )


def sqlite_floor(bench, batch, tasks, journal, synchronous):
    """The bare statements through libsqlite3."""

    def run():
        words = ["--tasks", tasks, "--batch", batch, "--journal", journal, "--synchronous", synchronous]
        return with_value(on_sqlite(bench, False, *words))

    return Contender(
        key=f"floor-{batch}-{journal}-{synchronous}",
        kind="floor",
        title=f"floor, batch {batch:,}, {mode(journal, synchronous)}",
        settings=f"{tasks:,} tasks",
        run=run,
    )


def on_postgresql(bench, is_bare, *words):
    """What the floor prints, on taskrun's tables or on a bare one."""
    with bench.postgresql(migrated=not is_bare) as name:
        url = bench.cluster.url(name)
        table = ["--bare"] if is_bare else []
        return bench.floor("floor-postgresql", url, *table, *words)


def on_sqlite(bench, is_bare, *words):
    """What the floor prints, on taskrun's tables or on a bare one."""
    with bench.sqlite(migrated=not is_bare) as path:
        table = ["--bare"] if is_bare else []
        return bench.floor("floor-sqlite", path, *table, *words)


def require_refusals(bench):
    """Missing if a floor would run with a condition that keeps it from going by the index."""
    with bench.sqlite() as path, bench.postgresql() as name:
        for program, place, *rows in (
            ("floor-sqlite", path, "--rows", "tasks"),
            ("floor-postgresql", bench.cluster.url(name), "--where", "status = 'WAITING'"),
        ):
            try:
                bench.floor(program, place, *rows, "--tasks", 10)
            except Missing as reason:
                if "does not go by tasks_due" in str(reason):
                    continue
                raise
            raise Missing(f"{program} measured a claim that does not go by the index")


def postgresql_taskrun(bench, tasks, commit="on", runs=1, size=2):
    """`taskrun bench` on an empty database; several runs at once are processes on tables that are filled with SQL."""

    def run():
        if runs > 1:
            return several_runs(bench, tasks, runs)
        with bench.postgresql(migrated=False) as name:
            url = bench.cluster.url(name, synchronous_commit=commit)
            return taskrun_bench(bench, url, "-n", tasks, "--bytes", size)

    return Contender(
        key=f"taskrun-{commit}-{runs}",
        kind="taskrun",
        title="taskrun" + (", commit off" if commit == "off" else "") + (f", {runs} runs" if runs > 1 else ""),
        settings=f"{tasks:,} tasks; synchronous_commit {commit}",
        run=run,
    )


def sqlite_taskrun(bench, tasks, journal, synchronous, size=2):
    """`taskrun bench` beside an SQLite file."""

    def run():
        with bench.sqlite(migrated=False) as path:
            words = ["-n", tasks, "--journal", journal, "--synchronous", synchronous, "--bytes", size]
            return taskrun_bench(bench, f"sqlite:{path}", *words)

    return Contender(
        key=f"taskrun-{journal}-{synchronous}",
        kind="taskrun",
        title=f"taskrun, {mode(journal, synchronous)}",
        settings=f"{tasks:,} tasks",
        run=run,
    )


def mode(journal, synchronous):
    """SQLite's settings in two words."""
    return f"{'WAL' if journal == 'wal' else 'rollback journal'}, {synchronous.upper()}"


def taskrun_bench(bench, database, *words):
    """One `taskrun bench`; its whole answer is kept."""
    if bench.is_smoke:
        words = (*words, "--latency", 5)
    return with_value(bench.call_taskrun(database, "bench", *words, "--json").json())


def with_value(answer):
    """An answer whose value is what was performed a second."""
    return {"value": answer["performed_per_second"], **answer}


def several_runs(bench, tasks, count):
    """Runs that begin together and share the tasks of one table."""
    with postgresql_tables(bench) as tables, contextlib.ExitStack() as stack:
        tables.add(tasks)
        drains = [stack.enter_context(drain(bench, tables.database, TABLES)) for _ in range(count)]
        for run in drains:
            run.begin()
        answers = [run.answer() for run in drains]
    performed = [answer["performed"] for answer in answers]
    if sum(performed) != tasks:
        raise Missing(f"{sum(performed)} of {tasks} tasks were performed")
    return {**outcome_of(answers), "performed_by_run": performed}


def outcome_of(answers):
    """What runs did together, from the first one's begin to the last one's end."""
    performed = sum(answer["performed"] for answer in answers)
    seconds = max(answer["end"] for answer in answers) - min(answer["begin"] for answer in answers)
    cpu = sum(answer["processorMilliseconds"] for answer in answers)
    return {
        "tasks": performed,
        "seconds": seconds,
        "value": performed / seconds,
        "cpu_ms_per_1000": cpu / max(performed, 1) * 1000,
        "peak_memory_mib": max(answer["peakMemory"] for answer in answers) / 1048576,
    }


@contextlib.contextmanager
def drain(bench, database, tables):
    """A run of taskrun on tables that are filled already: `begin()` it, then take its `outcome()`."""
    command = [bench.taskrun, "--database", database, "bench-run", tables]
    process = subprocess.Popen(
        [*command, "--concurrency", str(os.cpu_count()), "--synchronous", "full"], text=True, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Drain(process)
    finally:
        kill_group(process)


class Drain:
    """A run that waits for a word."""

    def __init__(self, process):
        self.process = process
        if process.stdout.readline().strip() != "ready":
            raise Missing(f"taskrun bench-run: {last_words(process.stderr.read())}")

    def begin(self):
        """Lets it go."""
        self.process.stdin.write("!")
        self.process.stdin.flush()

    def stop(self):
        """Asks it to end before all is done."""
        self.process.terminate()

    def outcome(self):
        """What it did, when it has ended."""
        return outcome_of([self.answer()])

    def answer(self):
        """The figures that it prints at its end."""
        line = self.process.stdout.readline()
        self.process.wait(60)
        if not line:
            raise Missing(f"taskrun bench-run: {last_words(self.process.stderr.read())}")
        return json.loads(line)
