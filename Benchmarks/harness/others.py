"""The peers as contenders."""

import contextlib
import os
import shutil
import subprocess
import time

from harness.cluster import free_port
from harness.process import Missing, cpu_seconds_of, kill_group, peak_memory_of
from harness.scenario import Contender

HERE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "peers")


def python(bench, script):
    """The command of a peer in Python."""
    interpreter = os.path.join(bench.peers, "bin", "python")
    if not os.access(interpreter, os.X_OK):
        raise Missing("no virtual environment with the peers: Benchmarks/peers/install.sh makes it")
    return [interpreter, os.path.join(HERE, script)]


def php(_bench, script):
    """The command of a peer in PHP."""
    return [program("php"), os.path.join(HERE, script)]


def program(name):
    """Where a program of the distribution is."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/bin")
    if path is None:
        raise Missing(f"{name} is not installed")
    return path


def in_file(bench, key, title, interpreter, script, tasks, *, words=(), place="", **facts):
    """A peer with an SQLite file of its own."""

    def run():
        command = interpreter(bench, script)
        with bench.folder_for(key) as folder:
            where = place.format(folder) if place else folder
            bench.run([*command, "add", tasks, where, *words])
            return bench.run([*command, "drain", tasks, where, *words]).json()

    return peer(key, title, tasks, run, **facts)


def in_postgresql(bench, key, title, interpreter, script, tasks, *, words=(), place=None, **facts):
    """A peer with tables in PostgreSQL."""

    def run():
        command = interpreter(bench, script)
        with bench.postgresql(migrated=False) as name:
            where = (place or bench.cluster.url)(name)
            bench.run([*command, "add", tasks, where, *words])
            before = bench.cluster.cpu_seconds()
            answer = bench.run([*command, "drain", tasks, where, *words]).json()
            spent = bench.cluster.cpu_seconds() - before
            return {**answer, "server_cpu_ms_per_1000": spent * 1e6 / tasks}

    return peer(key, title, tasks, run, **facts)


def with_server(bench, key, title, interpreter, script, tasks, start, **facts):
    """A peer with a server of its own; `start` gives, for a folder, its command and where clients find it."""

    def run():
        command = interpreter(bench, script)
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(bench.folder_for(key))
            words, where, is_there = start(folder, stack)
            process = stack.enter_context(server(words, is_there))
            bench.run([*command, "add", tasks, where])
            before = cpu_seconds_of(process.pid)
            answer = bench.run([*command, "drain", tasks, where]).json()
            return {
                **answer,
                "server_cpu_ms_per_1000": (cpu_seconds_of(process.pid) - before) * 1e6 / tasks,
                "server_peak_memory_mib": peak_memory_of(process.pid),
            }

    return peer(key, title, tasks, run, **facts)


def peer(key, title, tasks, run, settings="", durable=""):
    """A contender that is a peer."""
    return Contender(
        key=key, kind="peer", title=title, run=run, settings=f"{tasks:,} tasks; {settings}", durable=durable
    )


@contextlib.contextmanager
def server(words, is_there):
    """A server, until the block ends."""
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 20
        while not is_there():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Missing(f"{os.path.basename(words[0])} did not start")
            time.sleep(0.05)
        yield process
    finally:
        kill_group(process)


def beanstalkd(fsync):
    """How beanstalkd is started, with its log on the disk."""

    def start(folder, _stack):
        socket = os.path.join(folder, "socket")
        words = [program("beanstalkd"), "-l", f"unix:{socket}", "-b", folder, f"-f{fsync}"]
        return words, socket, lambda: os.path.exists(socket)

    return start


def gearmand(store):
    """How gearmand is started; `store` gives its options for a folder."""

    def start(folder, stack):
        port = free_port()
        words = [
            program("gearmand"), "-L", "127.0.0.1", "-p", str(port), "-l", os.path.join(folder, "log"),
            "--pid-file", os.path.join(folder, "pid"), *store(folder, stack),
        ]  # fmt: skip
        if os.geteuid() == 0:
            words += ["-u", "root"]
        return words, str(port), lambda: listens(port)

    return start


def listens(port):
    """Whether somebody listens on a port of this machine, without connecting to it."""
    with open("/proc/net/tcp", encoding="utf-8") as file:
        return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in file)
