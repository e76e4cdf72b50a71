"""A PostgreSQL server, the built program and other sessions on it, for the tests beside the model.

Standard library only: sessions are psql processes. Nothing here sleeps to order events: it waits for what it can see, in
pg_stat_activity, in the server's log, in files that handlers write.
"""
import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

import names

PATIENCE = float(os.environ.get("MODEL_PATIENCE", 300))  # seconds, for what must come on a busy machine, too


def eventually(what, condition):
    """Waits for a condition, and returns what it gives."""
    end = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.02)


def programs_folder():
    folders = sorted(
        (os.path.join("/usr/lib/postgresql", version, "bin") for version in os.listdir("/usr/lib/postgresql")),
        key=lambda path: float(path.split("/")[-2]),
    ) if os.path.isdir("/usr/lib/postgresql") else []
    for folder in folders[::-1] + [os.path.dirname(shutil.which("initdb") or "")]:
        if folder and os.path.exists(os.path.join(folder, "initdb")):
            return folder
    raise SystemExit("PostgreSQL is missing: Scripts/needs.sh test installs it")


class Server:
    """A server of its own, gone with the test; it logs each statement that is begun."""

    def __init__(self):
        self.programs = programs_folder()
        self.folder = tempfile.mkdtemp(prefix="taskrun-model-", dir="/tmp")
        self.log = os.path.join(self.folder, "log")
        self.data = os.path.join(self.folder, "data")
        self.user = {}
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self.user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        self.number = 0

    def __enter__(self):
        self._do("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as settings:
            settings.write(
                f"\nlisten_addresses = ''\nport = {self.port}\nunix_socket_directories = '{self.folder}'\nfsync = off\n"
                # Who began which statement of which transaction.
                "log_statement = all\nlog_line_prefix = '@%p@%v@ '\nlogging_collector = off\nmax_connections = 100\n"
            )
        self._do("pg_ctl", "-D", self.data, "-w", "-t", "120", "-l", self.log, "start")
        return self

    def __exit__(self, *_):
        self._do("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _do(self, program, *words):
        subprocess.run(
            [os.path.join(self.programs, program), *words], check=True, stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL, cwd="/", **self.user,
        )

    def url(self, database, folder=None):
        return f"postgresql://postgres@/{database}?host={folder or self.folder}&port={self.port}"

    def new_database(self):
        self.number += 1
        with Session(self, "postgres") as session:
            session.do(f"CREATE DATABASE d{self.number}")
        return f"d{self.number}"

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def transactions(self, text):
        """The names of the statements of each transaction: {(process, transaction): [name, …]}, in order."""
        found = {}
        for line in re.finditer(r"^@(\d+)@([^@]*)@ LOG:  execute ([^:]+): (.*)$", text, re.MULTILINE):
            process, transaction, _, sql = line.groups()
            found.setdefault((int(process), transaction), []).append(name_of(sql))
        return found


def name_of(sql):
    """The name that stands in a comment before a statement; those that are put together at each use have none."""
    named = re.match(r"/\* (\w+) \*/", sql)
    if named:
        return named[1]
    return "add_follow_ups" if sql.startswith("INSERT INTO tasks ") else sql.split("\n")[0][:60]


class Session:
    """A session of somebody else's: a psql that is asked one thing after the other."""

    def __init__(self, server, database):
        words = [os.path.join(server.programs, "psql"), "-X", "-q", "-A", "-t", "-d", server.url(database)]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        # Commits of its own never wait for a standby: see `Place.stop_commits`.
        self.do("SET synchronous_commit = local")
        self.pid = int(self.do("SELECT pg_backend_pid()")[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def send(self, sql):
        """Sends a statement, and does not wait: it may have to wait for a lock."""
        self.process.stdin.write(f"{sql};\n\\echo -- done\n")
        self.process.stdin.flush()

    def answer(self):
        """What the statement sent last gives, line by line."""
        lines = []
        for line in self.process.stdout:
            if line == "-- done\n":
                errors = [one for one in lines if one.startswith(("ERROR", "FATAL"))]
                if errors:
                    raise AssertionError(errors[0])
                return lines
            lines.append(line.rstrip("\n"))
        raise AssertionError("psql has ended: " + " ".join(lines))

    def do(self, sql):
        self.send(sql)
        return self.answer()


HANDLER = """#!/bin/sh
echo "$TASKRUN_TASK_ID $TASKRUN_ATTEMPT" >> begun
while [ ! -e "go-$TASKRUN_TASK_ID" ]; do sleep 0.05; done
exit "$(cat "go-$TASKRUN_TASK_ID")"
"""


def write_handler(folder):
    """A handler that ends when the test lets it, with the status that the test wants."""
    os.mkdir(os.path.join(folder, "handlers"))
    path = os.path.join(folder, "handlers", "A")
    with open(path, "w", encoding="utf-8") as file:
        file.write(HANDLER)
    os.chmod(path, 0o755)


def end_all(runs):
    for run in runs:
        if run.poll() is None:
            run.kill()
            run.wait()


class Runs:
    """What both kinds of places do with runs of the program."""

    def run(self, *words, **more):
        """Runs the program to its end; what it wrote."""
        return self.end(self.start(*words, **more))

    def once(self, *words, **more):
        return self.start("once", "--json", "--concurrency", "8", *words, **more)

    def end(self, run, status=0):
        output, errors = run.communicate(timeout=PATIENCE)
        assert run.returncode == status, f"ended with {run.returncode}: {errors}{output}"
        return output

    def lease(self, length):
        """The lease in the settings; None: the default."""
        with open(os.path.join(self.folder, "taskrun.yaml"), "w", encoding="utf-8") as file:
            file.write(f"lease: {length}\n" if length else "")

    def file(self, name):
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def has_begun(self, task, attempt=1):
        eventually(f"task {task} is begun", lambda: f"{task} {attempt}\n" in self.file("begun"))

    def let_end(self, task, status=0):
        """The handler of a task ends with this status."""
        path = os.path.join(self.folder, f"go-{task}")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(str(status))
        os.rename(path + ".new", path)


class Place(Runs):
    """A folder with handlers, and a database with tables of its own; the built program runs in it."""

    def __init__(self, server, taskrun):
        self.server, self.taskrun = server, taskrun
        self.database = server.new_database()
        self.folder = tempfile.mkdtemp(prefix="taskrun-model-place-")
        self.runs = []

    def __enter__(self):
        write_handler(self.folder)
        self.run("migrate")
        self.looker = Session(self.server, self.database)
        self.begins_at = len(self.server.log_text())
        return self

    def __exit__(self, *_):
        end_all(self.runs)
        self.looker.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, folder=None, host="runtime"):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "TASKRUN"))}
        return kept | {
            "TASKRUN_DATABASE": self.server.url(self.database, folder),
            # Runs that share it share the places for handlers.
            "TASKRUN_RUNTIME_DIRECTORY": os.path.join(self.folder, host),
        }

    def start(self, *words, socket_folder=None, host="runtime"):
        run = subprocess.Popen(
            [self.taskrun, *words], cwd=self.folder, env=self.environment(socket_folder, host), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        self.runs.append(run)
        return run

    def add(self, count=1, **columns):
        """Adds tasks by hand; returns the number of the last."""
        columns = {"task_name": "'A'"} | columns
        self.sql(
            f"INSERT INTO tasks ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM generate_series(1, {count})"
        )
        return int(self.sql("SELECT max(id) FROM tasks")[0])

    def sql(self, text):
        return self.looker.do(text)

    def other(self):
        """A session of somebody else's."""
        return Session(self.server, self.database)

    def waits_at(self, statement, session):
        """Waits until a run waits for what this session has locked, at this statement or one that also notes it; its process."""
        query = (
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE "
            f"'/* {statement}%' AND {session.pid} = ANY (pg_blocking_pids(pid))"
        )
        return int(eventually(f"somebody waits at {statement}", lambda: self.sql(query))[0])

    def stop_commits(self):
        """COMMIT of what has written waits from now on, as for a standby that is away."""
        self.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        self.sql("SELECT pg_reload_conf()")
        eventually("it is known", lambda: self.sql("SHOW synchronous_standby_names") == ["nobody"])

    def commit_waits(self):
        """Waits until the commit of a claim waits."""
        eventually("a commit waits", lambda: self.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '/* %'"
        ) != ["0"])

    def let_commits_go_on(self):
        self.sql("ALTER SYSTEM RESET synchronous_standby_names")
        self.sql("SELECT pg_reload_conf()")

    def has_done(self, statement, count=1):
        """Waits until this statement was begun so often since the place was made."""
        eventually(
            f"{statement} is done", lambda: self.server.log_text()[self.begins_at:].count(f": /* {statement} */") >= count
        )

    def done(self, statement):
        return self.server.log_text()[self.begins_at:].count(f": /* {statement} */")


class SQLitePlace(Runs):
    """The same on SQLite: statements are seen by a library that is loaded before the program's own."""

    def __init__(self, taskrun, tracer):
        self.taskrun, self.tracer = taskrun, tracer
        self.folder = tempfile.mkdtemp(prefix="taskrun-model-place-")
        self.trace = os.path.join(self.folder, "trace")
        self.names = names.Names()
        self.runs = []

    def __enter__(self):
        write_handler(self.folder)
        self.run("migrate")
        self.connection = sqlite3.connect(
            os.path.join(self.folder, "tasks.db"), isolation_level=None, timeout=PATIENCE
        )
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.trace)
        return self

    def __exit__(self, *_):
        end_all(self.runs)
        self.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, trace, host):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "TASKRUN"))}
        return kept | {
            "TASKRUN_DATABASE": "sqlite:tasks.db", "TASKRUN_RUNTIME_DIRECTORY": os.path.join(self.folder, host),
            "LD_PRELOAD": self.tracer, "MODEL_TRACE": trace,
        }

    def start(self, *words, trace=None, host="runtime"):
        run = subprocess.Popen(
            [self.taskrun, *words], cwd=self.folder, env=self.environment(trace or self.trace, host), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        self.runs.append(run)
        return run

    def sql(self, text):
        return ["|".join("" if one is None else str(one) for one in row) for row in self.connection.execute(text)]

    def statements(self, trace=None):
        """The names of all statements so far, in the order in which they began."""
        try:
            with open(trace or self.trace, encoding="utf-8", errors="replace") as file:
                return [self.names.name(sql) for sql in file.read().split("\x1e")[:-1]]
        except FileNotFoundError:
            return []

    def has_done(self, statement, count=1, trace=None):
        eventually(f"{statement} is done", lambda: self.statements(trace).count(statement) >= count)

    def add(self, count=1, **columns):
        columns = {"task_name": "'A'"} | columns
        for _ in range(count):
            self.sql(f"INSERT INTO tasks ({', '.join(columns)}) VALUES ({', '.join(columns.values())})")
        return int(self.sql("SELECT max(id) FROM tasks")[0])

    def gate(self, trace=None):
        """Stops a run when it begins its next transaction that writes, before it asks for the lock."""
        return Gate(self, trace or self.trace)


class Gate:
    def __init__(self, place, trace):
        self.place, self.trace = place, trace

    def __enter__(self):
        self.count = self.place.statements(self.trace).count("begin")
        with open(self.trace + ".gate", "w", encoding="utf-8"):
            pass
        return self

    def is_reached(self):
        eventually("the run begins a transaction", lambda: self.place.statements(self.trace).count("begin") > self.count)

    def __exit__(self, *_):
        os.unlink(self.trace + ".gate")


def build_tracer(folder):
    path = os.path.join(folder, "tracer.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tracer.c")
    compiler = next((one for one in ("cc", "clang", "gcc") if shutil.which(one)), "cc")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", path, source, "-ldl"], check=True)
    return path


class Cutter:
    """Stands between the program and the server, and can cut the client off while the server goes on."""

    def __init__(self, server):
        import threading

        self.server = server
        self.folder = tempfile.mkdtemp(prefix="taskrun-model-cut-", dir="/tmp")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(self.folder, f".s.PGSQL.{server.port}"))
        self.listener.listen()
        self.clients = []
        self.lets_in = threading.Event()
        self.lets_in.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self):
        import threading

        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.lets_in.wait()
                behind = socket.socket(socket.AF_UNIX)
                behind.connect(os.path.join(self.server.folder, f".s.PGSQL.{self.server.port}"))
                self.clients.append(client)
                threading.Thread(target=self._carry, args=(client, behind), daemon=True).start()
                threading.Thread(target=self._carry, args=(behind, client), daemon=True).start()

    def _carry(self, one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)

    def cut(self, lets_in=True):
        """The clients see the end of their connections; the server sees nothing, and goes on with what it has.

        New connections are let in at once, or when `lets_in` is set.
        """
        if not lets_in:
            self.lets_in.clear()
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self.clients = []


def kill(run):
    run.send_signal(signal.SIGKILL)
    run.wait()
