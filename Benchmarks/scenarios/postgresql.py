"""Tasks that do nothing, on PostgreSQL: the floor, taskrun, and the others."""

from harness.others import gearmand, in_postgresql, php, python, with_server
from harness.own import postgresql_floor, postgresql_taskrun
from harness.scenario import Goal, Scenario

NAME = "postgresql"


def scenarios(bench):
    """One table."""
    many = bench.amount(200_000, 30_000)
    contenders = [
        postgresql_floor(bench, 1, bench.commits(1, most=many)),
        postgresql_floor(bench, 10, bench.commits(10, most=many)),
        postgresql_floor(bench, 100, many),
        postgresql_floor(bench, 1000, many),
        postgresql_taskrun(bench, many),
        *peers(bench),
        postgresql_floor(bench, 100, many, commit="off"),
        postgresql_floor(bench, 1000, many, commit="off"),
        postgresql_taskrun(bench, many, commit="off"),
    ]
    goals = [
        Goal("taskrun to the floor at batch 1,000", "taskrun-on-1", "floor-1000-on-1", least=0.75),
        Goal("taskrun to the floor at batch 100", "taskrun-on-1", "floor-100-on-1"),
        Goal("taskrun to the floor at batch 1,000, commit off", "taskrun-off-1", "floor-1000-off-1"),
        Goal("taskrun, tasks/s (graphile-worker on such a machine: 65,500)", "taskrun-on-1", least=65_500),
        *[Goal(f"taskrun to {contender.title}", "taskrun-on-1", contender.key) for contender in peers(bench)],
    ]
    return [
        Scenario(
            NAME, "No-op tasks on PostgreSQL", "tasks/s", contenders, goals,
            rounds=bench.amount(5, 2), in_chart=True,
            note="fsync on; one process and, but for PgQueuer and procrastinate, one connection each.",
        )
    ]  # fmt: skip


def peers(bench):
    """The others that keep tasks in PostgreSQL."""
    few = bench.commits(each=3, most=bench.amount(4_000, 1_000))
    return [
        in_postgresql(
            bench, "pgqueuer", "PgQueuer", python, "pgqueuer_postgresql.py", bench.amount(50_000, 10_000),
            words=["1", "100"],
            settings="asyncpg, uvloop, tables durable, batch_size 100 (the fastest of 10, 100, 1000), mode drain",
            durable="a dead worker's jobs are taken again when their heartbeat is 30 s old",
        ),
        in_postgresql(
            bench, "procrastinate", "procrastinate", python, "procrastinate_postgresql.py", few,
            words=["10"],
            settings="psycopg, concurrency 10, delete_jobs successful",
            durable="a dead worker's jobs stay `doing` until the application retries those that stalled",
        ),
        with_server(
            bench, "gearmand-postgresql", "gearmand, queue in PostgreSQL", php, "gearman_worker.php", few,
            gearmand(lambda folder, stack: store(bench, stack)),
            settings="PHP extension, one worker, background jobs",
            durable="a job is deleted when its worker is done",
        ),
        in_postgresql(
            bench, "php-postgresql", "PHP cron worker", php, "cron_worker.php", few,
            place=bench.php_source,
            settings="one row at a time: SELECT, UPDATE, DELETE",
            durable="unsafe: two at once perform a task twice, a dead one's row stays marked",
        ),
    ]  # fmt: skip


def store(bench, stack):
    """gearmand's options for a database of its own."""
    name = stack.enter_context(bench.postgresql(migrated=False))
    where = f"host={bench.cluster.folder} port={bench.cluster.port} dbname={name} user=postgres"
    return ["-q", "Postgres", "--libpq-conninfo", where]
