"""What the figures depend on: the machine, and the versions of everybody."""

import os
import platform
import sqlite3
import subprocess

from harness.bench import output_of
from harness.others import HERE as PEERS


def machine(folder):
    """Processor, memory, kernel, and the disk the databases are on."""
    return {
        "processor": first(lines("/proc/cpuinfo"), "model name") or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(first(lines("/proc/meminfo"), "MemTotal").split()[0]) / 1048576),
        "system": first(lines("/etc/os-release"), "PRETTY_NAME", "=").strip('"'),
        "kernel": platform.release().split("-")[0],
        "file_system": " ".join(output_of(["findmnt", "-no", "FSTYPE,OPTIONS", "-T", folder]).split()),
        "load_before": os.getloadavg(),
    }


def versions(bench):
    """Who is measured, in which version; and how PostgreSQL is set up, if it was needed."""
    found = {
        "taskrun": output_of([bench.taskrun, "--version"]),
        "commit": output_of(["git", "-C", PEERS, "describe", "--always", "--dirty"]),
        "cc": first_line(output_of(["cc", "--version"])),
        "libsqlite3": output_of(["pkg-config", "--modversion", "sqlite3"]),
        "libpq": output_of(["pkg-config", "--modversion", "libpq"]),
        "SQLite of Python": sqlite3.sqlite_version,
        "PHP": first_line(output_of(["php", "--version"])),
        **{name: package(name) for name in ("beanstalkd", "gearman-job-server", "php-gearman", "php-cli")},
    }
    python = os.path.join(bench.peers, "bin", "python")
    if os.access(python, os.X_OK):
        found["Python of the peers"] = output_of([python, "--version"])
        for line in output_of([python, "-m", "pip", "list", "--format=freeze"]).splitlines():
            name, _, version = line.partition("==")
            if name.lower() in wanted_from_pypi():
                found[f"{name} (PyPI)"] = version
    return {name: text for name, text in found.items() if text}


def wanted_from_pypi():
    """The packages that the peers are, without those that they need themselves."""
    names = [line.split("[")[0].strip() for line in lines(os.path.join(PEERS, "requirements.txt"))]
    return {name.lower() for name in names if name and not name.startswith("#")}


def package(name):
    """The version of a distribution's package."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def lines(path):
    """The lines of a file."""
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def first(all_lines, key, separator=":"):
    """The value of the first line with this key."""
    for line in all_lines:
        name, _, value = line.partition(separator)
        if name.strip() == key:
            return value.strip()
    return ""


def first_line(text):
    """The first line of a text."""
    return text.splitlines()[0] if text else ""
