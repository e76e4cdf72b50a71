"""What a claim costs with millions of rows in the table."""

import contextlib

from harness.bench import say
from harness.filling import BOTH, TABLES, TITLES
from harness.own import drain
from harness.scenario import Contender, Goal, Scenario

NAME = "waiting-rows"
DUE = 10_000


def scenarios(bench):
    """One table a database."""
    many = bench.amount(5_000_000, 300_000)
    due = DUE // 20 if bench.is_smoke else DUE
    for key, tables in BOTH.items():
        crowds = {
            "few": (f"{due:,} due, nothing else", lambda filled: None),
            "later": (f"{due:,} due, {many:,} of the same name for tomorrow", lambda filled: add_later(filled, many)),
            "others": (f"{due:,} due, {many:,} in the way", lambda filled: add_others(filled, many)),
            "due": (f"{many:,} due, stopped after two seconds", lambda filled: filled.add(many)),
        }
        kept = contextlib.ExitStack()
        contenders = [
            Contender(f"{key}-{name}", "taskrun", title, runner(bench, tables, fill, name == "due", due, kept))
            for name, (title, fill) in crowds.items()
        ]
        few = f"{key}-few"
        goals = [
            Goal(f"with {many:,} for tomorrow, to without", f"{key}-later", few, most=1.3),
            Goal(f"with {many:,} of other kinds, to without", f"{key}-others", few, most=1.3),
            Goal(f"with {many:,} due, to {due:,} due", f"{key}-due", few, most=1.3),
        ]
        with kept:
            yield Scenario(
                f"{NAME}-{key}", f"Time per task with many rows, {TITLES[key]}", "µs/task", contenders, goals,
                rounds=bench.amount(5, 1), higher_is_better=False,
                note="In the way: a third FAILED, a third due of a name without a handler, a third of another queue "
                "for tomorrow. Claim, no-op handler and settling together; filled once, drained each round.",
            )  # fmt: skip


def runner(bench, tables, fill, is_cut_short, due, kept):
    """Fills once, at the first round; then adds what is due and drains it."""
    filled = []

    def run():
        if not filled:
            say("filling a table")
            filled.append(kept.enter_context(tables(bench)))
            fill(filled[0])
            filled[0].settle_down()
        if not is_cut_short:
            filled[0].add(due)
        with drain(bench, filled[0].database, TABLES) as run:
            run.begin()
            if is_cut_short:
                with contextlib.suppress(Exception):
                    run.process.wait(2)
                run.stop()
            sample = run.outcome()
        return {**sample, "value": 1e6 / sample["value"]}

    return run


def add_later(filled, count):
    """Waiting rows of the same lane that are not due."""
    filled.add(count, columns={"run_at": filled.later})


def add_others(filled, count):
    """Rows that no claim here is to touch."""
    part = count // 3
    filled.add(part, columns={"status": "'FAILED'", "last_error": "'it did not work'"})
    filled.add(part, name="NOBODY_IS_HERE", columns={"priority": "-10"})
    filled.add(part, columns={"queue": "'another'", "run_at": filled.later, "priority": "-5"})
