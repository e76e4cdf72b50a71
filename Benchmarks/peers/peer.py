"""What all peers in Python share: `PEER.py add|drain TASKS PLACE [SETTING…]`; draining prints one line of JSON."""

import json
import resource
import sys
import time


class Clock:
    """Measures from the start of draining to the last task done."""

    def __init__(self, tasks):
        self.tasks = tasks
        self.done = 0
        self.began = self.ended = None

    def start(self):
        """Draining begins."""
        self.cpu = cpu_seconds()
        self.began = time.monotonic()

    def task_done(self, *_, **__):
        """A handler ended; it does nothing else. True for the last one."""
        self.done += 1
        return self.done == self.tasks

    def stop(self):
        """All is done, and the queue knows."""
        self.ended = time.monotonic()
        self.cpu = cpu_seconds() - self.cpu

    def report(self):
        """The figures; an error if tasks are left."""
        if self.done != self.tasks or self.ended is None:
            sys.exit(f"{self.done} of {self.tasks} tasks were done")
        seconds = self.ended - self.began
        return {
            "tasks": self.tasks,
            "seconds": seconds,
            "value": self.tasks / seconds,
            "cpu_ms_per_1000": self.cpu * 1e6 / self.tasks,
            "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def cpu_seconds():
    """Processor time of this process, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main(add, drain):
    """Runs add(place, tasks, *settings) or drain(place, clock, *settings)."""
    action, tasks, place, *settings = sys.argv[1:]
    if action == "add":
        add(place, int(tasks), *settings)
        return
    clock = Clock(int(tasks))
    drain(place, clock, *settings)
    print(json.dumps(clock.report()))
