"""Runs programs and tells what they cost."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass


class Missing(Exception):
    """What is to be measured cannot be had; says why."""


@dataclass
class Finished:
    """A program that ended well."""

    stdout: str
    stderr: str
    seconds: float
    cpu_seconds: float
    peak_memory_mib: float

    def json(self):
        """The last line it printed, which is JSON."""
        return json.loads(self.stdout.strip().splitlines()[-1])


def run(launcher, command, *, env=None, cwd=None, stdin="", seconds=600, allowed=(0,)):
    """Runs a program to its end, through the launcher `measured`; Missing if it fails or takes too long."""
    with tempfile.NamedTemporaryFile(prefix="taskrun-bench-") as cost:
        process = subprocess.Popen(
            [launcher, cost.name, *map(str, command)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=env, cwd=cwd, start_new_session=True,
        )  # fmt: skip
        try:
            stdout, stderr = process.communicate(stdin, timeout=seconds)
        except BaseException as error:
            kill_group(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise Missing(f"{name_of(command)} did not end within {seconds} s") from None
            raise
        if process.returncode not in allowed:
            raise Missing(f"{name_of(command)} ended in {process.returncode}: {last_words(stderr or stdout)}")
        with open(cost.name, encoding="utf-8") as file:
            spent = json.load(file)
    cpu = spent["user"] + spent["system"]
    return Finished(stdout, stderr, spent["seconds"], cpu, spent["peak_memory_mib"])


def kill_group(process):
    """Ends a program that began in a session of its own, with all it started."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def name_of(command):
    """A program and its first word, for people."""
    words = [os.path.basename(str(command[0])), *map(str, command[1:3])]
    return " ".join(os.path.basename(word) if word.startswith("/") else word for word in words)


def last_words(text):
    """The end of what a program said, on one line."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return " / ".join(lines[-2:])[-300:] or "it said nothing"


def cpu_seconds_of(pid):
    """The processor time of a process that is still there, with the children it waited for."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def running_seconds_of(pid):
    """How long the threads of a process were on a processor, to the nanosecond: for what is next to nothing."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/task/{thread}/schedstat", encoding="utf-8") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def peak_memory_of(pid):
    """The peak memory of a process that is still there, in MiB."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
