"""Fills taskrun's tables with SQL, as applications do."""

import contextlib
import os
import sqlite3

# What bench-run performs, and one of its tables' names.
NO_OP = "BENCH_NO_OP"
TABLES = "taskrun_bench_made"


class SQLiteTables:
    """An SQLite file that bench-run takes for scratch tables."""

    def __init__(self, bench, folder):
        self.database = f"sqlite:{folder}/named.db"
        self.path = os.path.join(folder, f"{TABLES}.db")
        bench.call_taskrun(f"sqlite:{self.path}", "migrate")

    def add(self, count, name=NO_OP, data="{}", columns=None):
        """Adds tasks, with SQL expressions for other columns."""
        names, values = listed(columns)
        self.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
            f"INSERT INTO tasks (task_name, data{names}) SELECT ?2, ?3{values} FROM n",
            (count, name, data),
        )

    def execute(self, sql, values=()):
        """Runs a statement; the first row."""
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            return connection.execute(sql, values).fetchone()

    def settle_down(self):
        """What an hour of quiet would do: the statistics."""
        self.execute("ANALYZE")

    later = "datetime('now', '+1 day')"


class PostgreSQLTables:
    """A schema that bench-run takes for scratch tables."""

    def __init__(self, bench, database):
        self.bench = bench
        self.name = database
        self.database = bench.cluster.url(database)
        self.execute(f"CREATE SCHEMA {TABLES}")
        bench.call_taskrun(bench.cluster.url(database, search_path=TABLES), "migrate")

    def add(self, count, name=NO_OP, data="{}", columns=None):
        """Adds tasks, with SQL expressions for other columns."""
        names, values = listed(columns)
        self.execute(
            f"INSERT INTO {TABLES}.tasks (task_name, data{names}) "
            f"SELECT '{name}', '{data}'{values} FROM generate_series(1, {count}) AS n (i)"
        )

    def execute(self, sql):
        """Runs SQL; what psql prints."""
        return self.bench.cluster.psql(sql, self.name)

    def settle_down(self):
        """What an hour of quiet would do: vacuum and statistics."""
        self.execute(f"VACUUM ANALYZE {TABLES}.tasks")

    later = "now() + interval '1 day'"


def listed(columns):
    """Further columns and their values, for the middle of a list."""
    columns = columns or {}
    return "".join(f", {name}" for name in columns), "".join(f", {value}" for value in columns.values())


@contextlib.contextmanager
def sqlite_tables(bench):
    """Tables in a file, removed afterwards."""
    with bench.folder_for("made") as folder:
        yield SQLiteTables(bench, folder)


@contextlib.contextmanager
def postgresql_tables(bench):
    """Tables in a schema, removed afterwards."""
    with bench.postgresql(migrated=False) as database:
        yield PostgreSQLTables(bench, database)


BOTH = {"sqlite": sqlite_tables, "postgresql": postgresql_tables}
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
