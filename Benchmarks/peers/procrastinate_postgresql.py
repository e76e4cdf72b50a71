"""procrastinate: one worker, jobs deleted when they succeeded, so many at once as the setting says.

Jobs of a worker that died stay `doing` until somebody retries those that stalled.
"""

import asyncio
import logging

from procrastinate import App, PsycopgConnector

import peer

CHUNK = 1000


def application(place, connections):
    """An app with its task."""
    return App(connector=PsycopgConnector(conninfo=place, min_size=1, max_size=connections))


def add(place, tasks, _concurrency):
    """Makes the tables and defers in bulk."""

    async def work():
        app = application(place, 2)

        @app.task(name="no_op")
        async def no_op():
            pass

        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            for start in range(0, tasks, CHUNK):
                await no_op.batch_defer_async(*[{} for _ in range(min(CHUNK, tasks - start))])

    asyncio.run(work())


def drain(place, clock, concurrency):
    """From the start of the worker to its end, as it ends when nothing is left."""
    logging.disable(logging.WARNING)

    async def work():
        app = application(place, int(concurrency) + 2)

        @app.task(name="no_op")
        async def no_op():
            clock.task_done()

        async with app.open_async():
            clock.start()
            await app.run_worker_async(
                concurrency=int(concurrency),
                wait=False,
                listen_notify=False,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
            clock.stop()

    asyncio.run(work())


peer.main(add, drain)
