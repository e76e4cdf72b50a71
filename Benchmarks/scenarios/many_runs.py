"""Two and four runs at once on PostgreSQL."""

from harness.own import postgresql_floor, postgresql_taskrun
from harness.scenario import Goal, Scenario, seen_beside

NAME = "many-runs"


def scenarios(bench):
    """Two tables: how fast, and how evenly the runs shared the work."""
    tasks = bench.amount(200_000, 30_000)
    contenders = [
        postgresql_floor(bench, 1000, tasks),
        postgresql_floor(bench, 100, tasks, processes=2),
        postgresql_floor(bench, 1000, tasks, processes=2),
        *[postgresql_taskrun(bench, tasks, runs=runs) for runs in (1, 2, 4)],
    ]
    for contender in contenders:
        contender.run = with_least_share(contender.run)
    goals = [
        Goal("two runs to one", "taskrun-on-2", "taskrun-on-1", least=1),
        Goal("four runs to two", "taskrun-on-4", "taskrun-on-2", least=1),
        Goal("two runs, tasks/s (graphile-worker on such a machine: 78,600)", "taskrun-on-2", least=78_600),
        Goal("two runs to the floor with two connections", "taskrun-on-2", "floor-1000-on-2"),
    ]
    rounds = bench.amount(5, 2)
    yield Scenario(NAME, "Runs at once on PostgreSQL", "tasks/s", contenders, goals, rounds=rounds)
    shares = [seen_beside(contender, "least_share") for contender in contenders if contender.kind == "taskrun"]
    fair = [Goal(contender.title, contender.key, least=0.5) for contender in shares[1:]]
    yield Scenario(
        f"{NAME}-share", "Runs at once: what the slowest one performed", "of an even share", shares, fair, rounds=rounds
    )


def with_least_share(run):
    """Adds to a sample the least share of a run, where 1 is an even one."""

    def shared():
        sample = run()
        counts = sample.get("performed_by_run") or [sample["tasks"]]
        return {**sample, "least_share": min(counts) * len(counts) / sample["tasks"]}

    return shared
