"""A throwaway PostgreSQL server: made for one benchmark, gone with it."""

import glob
import os
import pwd
import shutil
import socket
import subprocess

from harness.process import Missing, cpu_seconds_of, running_seconds_of

# When the pipe is closed, however the benchmark ends, the server is stopped and its folder removed.
WATCHDOG = """
trap "" HUP INT TERM
cat >/dev/null
folder=$1
shift
"$@" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1
rm -rf "$folder"
"""


class Cluster:
    """A server on a Unix socket of its own: fsync on, all else as initdb leaves it but for the given settings."""

    def __init__(self, folder, **settings):
        self.folder = folder
        self.programs = find_programs()
        self.user = unprivileged_user()
        self.number = 0
        os.makedirs(folder)
        self.hand_over(folder)
        command = ["/bin/sh", "-c", WATCHDOG, "watchdog", folder, *self.prefix(), self.program("pg_ctl")]
        self.watchdog = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        data = os.path.join(folder, "data")
        self.call("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        self.port = free_port()
        with open(os.path.join(data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.write(f"\nlisten_addresses = ''\nport = {self.port}\nunix_socket_directories = '{folder}'\n")
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        self.call("pg_ctl", "-D", data, "-w", "-t", "120", "-l", os.path.join(folder, "log"), "start")
        with open(os.path.join(data, "postmaster.pid"), encoding="utf-8") as file:
            self.pid = int(file.readline())

    def close(self):
        """Stops the server and removes its folder."""
        self.watchdog.stdin.close()
        self.watchdog.wait()

    def url(self, database="postgres", **settings):
        """A URL for libpq, with settings of the session."""
        options = "%20".join(f"-c{name}%3D{value}" for name, value in settings.items())
        return (
            f"postgresql://postgres@/{database}?host={self.folder}&port={self.port}"
            + (f"&options={options}" if options else "")
        )  # fmt: skip

    def psql(self, sql, database="postgres"):
        """Runs SQL; the rows, with | between columns."""
        command = [self.program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.url(database)]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Missing(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def make_database(self):
        """A fresh, empty database; its name."""
        self.number += 1
        name = f"bench_{self.number}"
        self.psql(f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name):
        """Removes a database, whoever is still connected."""
        self.psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def cpu_seconds(self):
        """The processor time of the server with all its processes, those that ended included."""
        total = cpu_seconds_of(self.pid)
        for child in self.children():
            try:
                total += cpu_seconds_of(child)
            except (FileNotFoundError, ProcessLookupError):
                pass  # ended meanwhile: the server has its time now, or at the next look
        return total

    def running_seconds(self):
        """How long the processes that are there now were on a processor."""
        return sum(running_seconds_of(child) for child in self.children())

    def children(self):
        """The numbers of the server's processes but the first."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="utf-8") as file:
            return file.read().split()

    def facts(self):
        """Version and settings that speed depends on."""
        names = (
            "server_version fsync synchronous_commit full_page_writes wal_sync_method shared_buffers max_wal_size "
            "max_connections autovacuum checkpoint_timeout jit"
        ).split()
        return {name: self.psql(f"SHOW {name}") for name in names}

    def program(self, name):
        """The path of one of the server's programs."""
        return os.path.join(self.programs, name)

    def prefix(self):
        """What runs a program as the right user."""
        if self.user is None:
            return []
        return ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups", "--"]

    def hand_over(self, path):
        """Gives a file or folder to the server's user."""
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def call(self, name, *words):
        """Runs one of the server's programs as its user."""
        command = [*self.prefix(), self.program(name), *words]
        log = os.path.join(self.folder, "commands")
        with open(log, "w", encoding="utf-8") as file:
            # Not a pipe: the server inherits it and keeps it open.
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd="/", check=False)
        if done.returncode != 0:
            with open(log, encoding="utf-8") as file:
                raise Missing(f"{name}: {file.read()[-500:]}")


def find_programs():
    """The folder with initdb: by pg_config, or where Debian and Ubuntu put it."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]), reverse=True)
    if shutil.which("pg_config"):
        folders.insert(0, subprocess.check_output(["pg_config", "--bindir"], text=True).strip())
    for folder in folders:
        if all(os.access(os.path.join(folder, name), os.X_OK) for name in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise Missing("no PostgreSQL server is installed")


def unprivileged_user():
    """PostgreSQL refuses to run as root; then it runs as this user."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Missing("PostgreSQL does not run as root, and there is no user postgres or nobody")


def free_port():
    """A port on which nobody listens: the number in the socket's name."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
