"""500,000 tasks on PostgreSQL while another session holds a REPEATABLE READ transaction open."""

import time

from harness.filling import TABLES, postgresql_tables
from harness.own import drain
from harness.process import Missing
from harness.psql import Client
from harness.scenario import Contender, Goal, Scenario

NAME = "open-transaction"


def scenarios(bench):
    """Two figures a run, the first and the last part, hence contenders that share a round's run."""
    tasks = bench.amount(500_000, 100_000)
    part = tasks // 5
    contenders = []
    for key, title, is_held in (("open", "a transaction held open", True), ("quiet", "without", False)):
        halves = Halves(bench, tasks, part, is_held)
        contenders += [
            Contender(f"{key}-first", "taskrun", f"{title}, the first {part:,}", halves.first),
            Contender(f"{key}-last", "taskrun", f"{title}, the last {part:,}", halves.last),
        ]
    goals = [
        Goal("held open: the last to the first", "open-last", "open-first", least=0.8),
        Goal("without: the last to the first", "quiet-last", "quiet-first"),
        Goal("the last: held open to without", "open-last", "quiet-last"),
    ]
    title = f"{tasks:,} tasks on PostgreSQL while a transaction elsewhere is open"
    return [Scenario(NAME, title, "tasks/s", contenders, goals, rounds=bench.amount(5, 1))]


class Halves:
    """One drain, of which two parts are reported."""

    def __init__(self, bench, tasks, part, is_held):
        self.bench = bench
        self.tasks = tasks
        self.part = part
        self.is_held = is_held
        self.last_sample = None

    def first(self):
        """Drains; the first part's speed."""
        with postgresql_tables(self.bench) as tables:
            tables.add(self.tasks)
            tables.settle_down()
            client = Client(self.bench, tables.name)
            holder = Client(self.bench, tables.name) if self.is_held else None
            try:
                if holder:
                    holder.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) > 0 FROM pg_class;")
                with drain(self.bench, tables.database, TABLES) as run:
                    lowest = int(client.ask(f"SELECT min(id) FROM {TABLES}.tasks;"))
                    began = time.monotonic()
                    run.begin()
                    first = self.wait_until_gone(client, lowest + self.part - 1) - began
                    before_last = self.wait_until_gone(client, lowest + self.tasks - self.part - 1)
                    sample = run.outcome()
                    ended = time.monotonic()
            finally:
                for session in filter(None, (client, holder)):
                    session.close()
        if sample["tasks"] != self.tasks:
            raise Missing(f"{sample['tasks']} of {self.tasks} tasks were performed")
        self.last_sample = {**sample, "value": self.part / (ended - before_last)}
        return {**sample, "value": self.part / first}

    def last(self):
        """The last part's speed in the same drain."""
        if self.last_sample is None:
            raise Missing("the drain failed")
        sample, self.last_sample = self.last_sample, None
        return sample

    @staticmethod
    def wait_until_gone(client, number):
        """The moment when a row is deleted: a look-up by its key, which does not walk over dead rows."""
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            if client.ask(f"SELECT count(*) FROM {TABLES}.tasks WHERE id = {number};") == "0":
                return time.monotonic()
            time.sleep(0.01)
        raise Missing("the drain took more than 10 minutes")
