"""huey with its SQLite storage: one worker thread of its own consumer, no results kept.

The storage sets WAL. Its option `fsync` decides whether a commit waits for the disk. A task is deleted when it is
taken, before it is performed.
"""

import logging
import threading

from huey import SqliteHuey
from huey.consumer import Consumer

import peer


def queue(place, fsync):
    """The queue in a file of the folder."""
    return SqliteHuey(filename=f"{place}/huey.db", results=False, fsync={"on": True, "off": False}[fsync])


def add(place, tasks, _fsync):
    """Adding is not measured: without waiting for the disk."""
    huey = queue(place, "off")
    task = huey.task(name="no_op")(lambda: None)
    for _ in range(tasks):
        task()


def drain(place, clock, fsync):
    """From the start of the consumer to the end of the last handler."""
    logging.disable(logging.INFO)
    huey = queue(place, fsync)
    is_last = threading.Event()

    def no_op():
        if clock.task_done():
            clock.stop()
            is_last.set()

    huey.task(name="no_op")(no_op)
    consumer = Consumer(huey, workers=1, periodic=False, check_worker_health=False)
    clock.start()
    consumer.start()
    is_last.wait(600)
    consumer.stop(graceful=True)


peer.main(add, drain)
