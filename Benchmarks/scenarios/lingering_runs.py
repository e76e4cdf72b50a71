"""Many runs that wait on one PostgreSQL, as on as many hosts: what they cost while idle, and how they share a burst."""

import contextlib
import os
import shutil
import subprocess
import time

from harness.cluster import Cluster
from harness.process import Missing, kill_group, last_words, running_seconds_of
from harness.scenario import Contender, Goal, Scenario, seen_beside

NAME = "lingering-runs"
RUNS, QUICK_RUNS = 200, 20
TASKS, QUICK_TASKS = 100_000, 20_000
IDLE, QUICK_IDLE = 10, 3  # seconds


def scenarios(bench):
    """The burst; then what else was seen in the same rounds."""
    runs, tasks = bench.amount(RUNS, QUICK_RUNS), bench.amount(TASKS, QUICK_TASKS)
    kinds = {"poll": ("polling", []), "notify": ("with NOTIFY", ["--notify"])}
    contenders = [
        Contender(key, "taskrun", title, lambda options=options: one_round(bench, runs, tasks, options))
        for key, (title, options) in kinds.items()
    ]
    rounds = bench.amount(3, 1)
    note = f"{runs} runs with one connection each; the burst is {tasks:,} tasks in one transaction, "
    yield Scenario(
        NAME, f"{runs} lingering runs: a burst, from its commit to the empty table", "tasks/s", contenders,
        rounds=rounds, note=note + "for a stream handler in C that leaves a mark for each.",
    )  # fmt: skip
    wanted = (
        ("idle", "all of them idle", "% of a core", "idle_percent", {"most": runs}),
        ("server", "the server meanwhile", "% of a core", "server_idle_percent", {}),
        ("connections", "connections", "connections", "connections", {"most": runs}),
        ("shared", "runs that took part in the burst", "runs", "took_part", {"least": runs / 2}),
        ("marks", "marks for each task", "marks", "marks_each", {"least": 1, "most": 1}),
    )
    for key, title, unit, name, limits in wanted:
        seen = [seen_beside(old, name) for old in contenders]
        goals = [Goal(f"{old.title}, {unit}", old.key, **limits) for old in seen] if limits else []
        yield Scenario(
            f"{NAME}-{key}", f"{runs} lingering runs: {title}", unit, seen, goals,
            rounds=rounds, higher_is_better="least" in limits,
        )  # fmt: skip


def one_round(bench, runs, tasks, options):
    """Starts the runs on a server of their own, leaves them alone for a while, and adds the tasks."""
    with bench.folder_for("lingering-runs") as folder, server(folder, runs) as cluster:
        bench.call_taskrun(cluster.url(), "migrate", *options)
        os.makedirs(os.path.join(folder, "handlers"))
        os.mkdir(os.path.join(folder, "marks"))
        shutil.copy(os.path.join(bench.floors, "mark"), os.path.join(folder, "handlers", "MARK.stream"))
        others = connections(cluster)
        with lingering(bench, folder, cluster, runs) as processes:
            wait_for("all runs are connected", lambda: connections(cluster) - others == runs)
            time.sleep(2)
            idle = idle_of(bench, cluster, processes)
            idle["connections"] = connections(cluster) - others
            cluster.psql(f"INSERT INTO tasks (task_name) SELECT 'MARK' FROM generate_series(1, {tasks})")
            began = time.monotonic()
            wait_for("the tasks are done", lambda: cluster.psql("SELECT EXISTS (SELECT FROM tasks)") == "f")
            seconds = time.monotonic() - began
        return {"value": tasks / seconds, "tasks": tasks, "seconds": seconds, **idle, **marks_in(folder, tasks)}


@contextlib.contextmanager
def server(folder, runs):
    """A server that takes so many connections."""
    os.chmod(folder, 0o755)  # the server's user passes through
    cluster = Cluster(os.path.join(folder, "postgresql"), max_connections=runs + 20)
    try:
        yield cluster
    finally:
        cluster.close()


@contextlib.contextmanager
def lingering(bench, folder, cluster, runs):
    """Runs that wait, each as if on a host of its own: with a runtime directory of its own."""
    processes = []
    command = [bench.taskrun, "--database", cluster.url(), "once", "--linger", "--window", "1h"]
    with open(os.path.join(folder, "log"), "w+", encoding="utf-8") as log:
        try:
            for number in range(runs):
                own = {**os.environ, "TASKRUN_RUNTIME_DIRECTORY": os.path.join(folder, f"host-{number}")}
                processes.append(
                    subprocess.Popen(command, cwd=folder, env=own, stdout=log, stderr=log, start_new_session=True)
                )
            yield processes
            if any(process.poll() is not None for process in processes):
                log.seek(0)
                raise Missing(f"taskrun once --linger: {last_words(log.read())}")
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(30)
                kill_group(process)


def idle_of(bench, cluster, processes):
    """The processor time of all runs together, and of the server, while nothing is due."""
    pause = bench.amount(IDLE, QUICK_IDLE)

    def spent():
        return sum(running_seconds_of(process.pid) for process in processes), cluster.running_seconds()

    before = spent()
    time.sleep(pause)
    own, servers = (after - old for after, old in zip(spent(), before))
    return {"idle_percent": own / pause * 100, "server_idle_percent": servers / pause * 100}


def connections(cluster):
    """How many connections there are to the server's first database."""
    return int(cluster.psql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))


def marks_in(folder, tasks):
    """How often tasks were performed, and by how many runs; Missing if one was performed twice, or never."""
    marks, runs = [], 0
    for name in os.listdir(os.path.join(folder, "marks")):
        with open(os.path.join(folder, "marks", name), encoding="utf-8") as file:
            own = file.read().split()
        marks += own
        runs += bool(own)
    if len(set(marks)) != tasks:
        raise Missing(f"{len(set(marks))} of {tasks} tasks were performed")
    return {"took_part": runs, "marks_each": len(marks) / tasks}


def wait_for(what, is_so):
    """Waits until something is so."""
    deadline = time.monotonic() + 300
    while not is_so():
        if time.monotonic() > deadline:
            raise Missing(f"300 s, and it is not so that {what}")
        time.sleep(0.05)
