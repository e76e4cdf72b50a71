"""persist-queue in WAL, with SQLite's own synchronous setting (FULL).

`fifo`: FIFOSQLiteQueue with auto_commit=False, which its documentation names for speed: task_done after each 100
deletes them in one statement; what a program that died had taken comes again.
`ack`: SQLiteAckQueue, which marks each item taken and done.
"""

import sqlite3

from persistqueue import FIFOSQLiteQueue, SQLiteAckQueue
from persistqueue.exceptions import Empty

import peer

BATCH = 100


def queue(place, kind):
    """The queue in a file of the folder."""
    if kind == "fifo":
        return FIFOSQLiteQueue(place, auto_commit=False)
    return SQLiteAckQueue(place)


def add(place, tasks, kind):
    """Adding is not measured: without waiting for the disk."""
    items = queue(place, kind)
    for connection in (items._putter, items._getter):
        connection.execute("PRAGMA synchronous = OFF")
    for _ in range(tasks):
        items.put("{}")
    items.task_done()


def drain(place, clock, kind):
    """From the first get to the end of the last task_done or ack."""
    items = queue(place, kind)
    clock.start()
    try:
        while True:
            item = items.get(block=False)
            is_last = clock.task_done()
            if kind == "ack":
                items.ack(item)
            elif is_last or clock.done % BATCH == 0:
                items.task_done()
    except Empty:
        clock.stop()
    left = sqlite3.connect(f"{place}/data.db").execute(
        "SELECT count(*) FROM " + ("queue_default" if kind == "fifo" else "ack_queue_default WHERE status <> 5")
    )
    assert left.fetchone() == (0,), "items are left"


peer.main(add, drain)
