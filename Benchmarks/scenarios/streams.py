"""Stream handlers in Python and in sh, against the same handlers as plain executables."""

import os

from harness.filling import SQLiteTables
from harness.process import Missing
from harness.scenario import Contender, Goal, Scenario
from scenarios.executables import performed

NAME = "streams"
LIBRARIES = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "Examples", "stream", "lib"))
DATA = '{"text":"A handler that reads this and does nothing."}'

# The same work: read the data, do nothing.
PROGRAMS = {
    "python-stream": (
        "READ.stream.py",
        "#!/usr/bin/env python3\nimport sys\nsys.path.insert(0, {libraries!r})\n"
        + "import taskrun\ntaskrun.serve(lambda data, task: None)\n",
    ),
    "python": ("READ.py", "#!/usr/bin/env python3\nimport json\nimport sys\njson.load(sys.stdin)\n"),
    "sh-stream": (
        "READ.stream.sh",
        "#!/bin/sh\n. {libraries!r}/taskrun.sh\nnothing() {{ :; }}\ntaskrun_serve nothing\n",
    ),
    "sh": ("READ.sh", '#!/bin/sh\nread -r data\n[ -n "$data" ]\n'),
}


def scenarios(bench):
    """One table."""
    many, few = bench.amount(100_000, 10_000), bench.amount(1_000, 200)
    titles = {
        "python-stream": ("stream handler in Python", many),
        "python": ("the same as an executable, Python", few),
        "sh-stream": ("stream handler in sh", many),
        "sh": ("the same as an executable, sh", few),
    }
    contenders = [
        Contender(key, "taskrun", title, runner(bench, key, tasks), settings=f"{tasks:,} tasks")
        for key, (title, tasks) in titles.items()
    ]
    goals = [
        Goal("Python, tasks/s", "python-stream", least=20_000),
        Goal("Python: stream to executable", "python-stream", "python", least=50),
        Goal("sh: stream to executable", "sh-stream", "sh", least=50),
    ]
    return [
        Scenario(
            NAME, "Stream handlers", "tasks/s", contenders, goals, rounds=bench.amount(5, 2), in_chart=True,
            note="taskrun once --drain on SQLite as migrate makes the file, its own number of handlers at once.",
        )
    ]  # fmt: skip


def runner(bench, key, tasks):
    """Performs tasks by one of the programs."""
    name, text = PROGRAMS[key]

    def run():
        if "stream" in key and not os.path.isdir(LIBRARIES):
            raise Missing("there is no Examples/stream/lib")
        with bench.folder_for("streams") as folder:
            tables = SQLiteTables(bench, folder)
            handlers = os.path.join(folder, "handlers")
            os.mkdir(handlers)
            path = os.path.join(handlers, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.format(libraries=LIBRARIES))
            os.chmod(path, 0o755)
            tables.add(tasks, name="READ", data=DATA)
            return performed(bench, tables, handlers, tasks, os.cpu_count())

    return run
