"""PgQueuer: asyncpg and uvloop, tables installed `durable`, mode drain, as in the benchmark of its own repository.

So many managers with a connection each, and so many jobs a dequeue, as the settings say. Jobs of a worker that died are
picked up again when their heartbeat is too old.
"""

import asyncio
import logging
from datetime import timedelta

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.types import QueueExecutionMode
from pgqueuer.queries import Queries

import peer

CHUNK = 1000


def add(place, tasks, _managers, _batch):
    """Installs the tables and enqueues in bulk."""

    async def work():
        queries = Queries(AsyncpgDriver(await asyncpg.connect(place)))
        await queries.install()
        for start in range(0, tasks, CHUNK):
            count = min(CHUNK, tasks - start)
            await queries.enqueue(["no_op"] * count, [None] * count, [0] * count)

    uvloop.run(work())


def drain(place, clock, managers, batch):
    """From the start of the managers to their end, as they end when nothing is left."""
    logging.disable(logging.WARNING)

    async def work():
        all_managers = [PgQueuer(AsyncpgDriver(await asyncpg.connect(place))) for _ in range(int(managers))]
        for manager in all_managers:

            @manager.entrypoint("no_op")
            async def no_op(_job):
                clock.task_done()

        clock.start()
        await asyncio.gather(*[
            manager.run(
                dequeue_timeout=timedelta(seconds=30), batch_size=int(batch), mode=QueueExecutionMode.drain
            )
            for manager in all_managers
        ])  # fmt: skip
        clock.stop()

    uvloop.run(work())


peer.main(add, drain)
