"""What scenarios measure with: the programs, a place on the disk, the databases."""

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from harness import process
from harness.cluster import Cluster
from harness.process import Missing


class Bench:
    """One run of the benchmark."""

    def __init__(self, *, taskrun, floors, peers, folder, is_quick, is_smoke=False):
        self.taskrun = taskrun
        self.floors = floors
        self.peers = peers
        self.is_quick = is_quick
        self.is_smoke = is_smoke
        self.root = tempfile.mkdtemp(prefix="taskrun-bench-", dir=folder)
        os.chmod(self.root, 0o755)  # the server's user passes through
        self._cluster = None
        self._syncs = None

    def close(self):
        """Removes all that was made."""
        if self._cluster is not None:
            self._cluster.close()
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def cluster(self):
        """The PostgreSQL server, started when first needed."""
        if self._cluster is None:
            say("starting a PostgreSQL server")
            self._cluster = Cluster(os.path.join(self.root, "postgresql"))
        return self._cluster

    def commits(self, batch=1, each=1, most=1_000_000):
        """How many tasks a contender can do in about two seconds if each batch waits for the disk so many times.

        Counted here and now, so that a slow disk does not make hours of those that wait for it.
        """
        if self.is_smoke:
            return min(most, max(20, batch))
        if self._syncs is None:
            self._syncs = syncs_per_second(self.root)
            say(f"{self._syncs:,.0f} fsyncs a second in {self.root}")
        return int(min(most, max(500, self._syncs / each * self.amount(2, 0.5) * batch)))

    def amount(self, full, quick):
        """How many, in a whole and in a quick run; in one that only shows that all works, a twentieth."""
        if self.is_smoke:
            return max(1, quick // 20)
        return quick if self.is_quick else full

    def floor(self, name, *words, **options):
        """Runs one of the C programs; the JSON it prints."""
        path = os.path.join(self.floors, name)
        if not os.access(path, os.X_OK):
            raise Missing(f"{name} is not there")
        return self.run([path, *words], **options).json()

    def run(self, command, **options):
        """Runs a program: see process.run."""
        return process.run(os.path.join(self.floors, "measured"), command, **options)

    def call_taskrun(self, database, *words, **options):
        """Runs taskrun; what it printed and what it cost."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("TASKRUN_", "PG"))}
        return self.run([self.taskrun, "--database", database, *words], env=environment, **options)

    def php_source(self, database):
        """A database of the server as PHP names it."""
        return f"pgsql:host={self.cluster.folder};port={self.cluster.port};dbname={database};user=postgres"

    @contextlib.contextmanager
    def folder_for(self, name):
        """An empty folder, removed afterwards."""
        path = tempfile.mkdtemp(prefix=f"{name}-", dir=self.root)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    @contextlib.contextmanager
    def sqlite(self, migrated=True):
        """The path of an SQLite file with taskrun's tables, removed afterwards."""
        with self.folder_for("sqlite") as folder:
            path = os.path.join(folder, "tasks.db")
            if migrated:
                self.call_taskrun(f"sqlite:{path}", "migrate")
            yield path

    @contextlib.contextmanager
    def postgresql(self, migrated=True):
        """The name of a database with taskrun's tables, removed afterwards."""
        name = self.cluster.make_database()
        try:
            if migrated:
                self.call_taskrun(self.cluster.url(name), "migrate")
            yield name
        finally:
            self.cluster.drop_database(name)


def syncs_per_second(folder):
    """How often a file that grows can be brought to the disk."""
    with tempfile.TemporaryFile(dir=folder) as file:
        times = []
        for _ in range(100):
            began = time.monotonic()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.monotonic() - began)
    return 1 / statistics.median(times)


def say(text):
    """Tells how far the benchmark is."""
    print(f"==> {text}", file=sys.stderr, flush=True)


def output_of(command):
    """What a program says of itself, or nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout or done.stderr).strip()
