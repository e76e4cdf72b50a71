"""/bin/cat as a handler, against a loop in C that starts it, feeds it, reads it and waits for it."""

import os
import shutil

from harness.filling import SQLiteTables
from harness.process import Missing
from harness.scenario import Contender, Goal, Scenario

NAME = "executables"
# As long as what the floor writes to its children.
DATA = '{"x":"' + "x" * 92 + '"}'


def scenarios(bench):
    """One table a number of handlers at once."""
    tasks = bench.amount(5_000, 1_000)
    contenders = []
    goals = []
    for at_once in (1, 2, 8):
        contenders += [
            Contender(f"floor-{at_once}", "floor", f"posix_spawn, {at_once} at once", floor(bench, at_once, tasks)),
            Contender(f"taskrun-{at_once}", "taskrun", f"taskrun, {at_once} at once", once(bench, at_once, tasks)),
        ]
        goals.append(Goal(f"{at_once} at once", f"taskrun-{at_once}", f"floor-{at_once}", least=0.8))
    return [
        Scenario(
            NAME, "Executables: /bin/cat as handler", "tasks/s", contenders, goals,
            rounds=bench.amount(5, 2), in_chart=True,
            note=f"{tasks:,} tasks with 100 bytes of data on SQLite, as migrate makes the file.",
        )
    ]  # fmt: skip


def floor(bench, at_once, tasks):
    """The loop in C, with so many threads."""

    def run():
        answer = bench.floor("floor-spawn", at_once, tasks, shutil.which("cat"))
        cpu = answer["user"] + answer["system"]
        return {
            "value": answer["per_second"], "tasks": answer["children"], "seconds": answer["seconds"],
            "cpu_ms_per_1000": cpu * 1e6 / tasks,
        }  # fmt: skip

    return run


def once(bench, at_once, tasks):
    """One run with so many handlers at once, from exec to exit."""

    def run():
        with bench.folder_for("executables") as folder:
            tables = SQLiteTables(bench, folder)
            handlers = os.path.join(folder, "handlers")
            os.mkdir(handlers)
            shutil.copy(shutil.which("cat"), os.path.join(handlers, "CAT"))
            tables.add(tasks, name="CAT", data=DATA)
            return performed(bench, tables, handlers, tasks, at_once)

    return run


def performed(bench, tables, handlers, tasks, at_once):
    """Performs all by `taskrun once`; Missing if not all succeeded."""
    done = bench.call_taskrun(
        f"sqlite:{tables.path}", "--handlers", handlers, "once", "--drain", "--concurrency", at_once, "--json",
        cwd=os.path.dirname(handlers),
    )  # fmt: skip
    report = done.json()
    if report["succeeded"] != tasks:
        raise Missing(f"{report['succeeded']} of {tasks} tasks succeeded: {done.stderr.strip()[-200:]}")
    return {
        "value": tasks / report["seconds"], "tasks": tasks, "seconds": report["seconds"],
        "cpu_ms_per_1000": done.cpu_seconds * 1e6 / tasks, "peak_memory_mib": done.peak_memory_mib,
    }  # fmt: skip
