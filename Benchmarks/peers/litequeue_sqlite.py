"""litequeue: one loop of pop and done. It sets WAL and synchronous NORMAL itself.

What was popped by a program that died stays locked until somebody calls retry for it.
"""

import sqlite3

from litequeue import LiteQueue

import peer


def add(place, tasks):
    """In one transaction."""
    connection = sqlite3.connect(f"{place}/litequeue.db")
    queue = LiteQueue(connection)
    with queue.transaction():
        for _ in range(tasks):
            queue.put("{}")


def drain(place, clock):
    """From the first pop to the last done."""
    queue = LiteQueue(f"{place}/litequeue.db")
    clock.start()
    while (message := queue.pop()) is not None:
        clock.task_done()
        queue.done(message.message_id)
    clock.stop()


peer.main(add, drain)
