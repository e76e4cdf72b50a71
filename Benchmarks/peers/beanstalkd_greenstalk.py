"""beanstalkd through greenstalk: one loop of reserve and delete. A job whose client died is ready again at once."""

import greenstalk

import peer


def client(place):
    """A connection; the place is the path of a Unix socket."""
    return greenstalk.Client(place)


def add(place, tasks):
    """One put after the other: there is no other way."""
    with client(place) as queue:
        for _ in range(tasks):
            queue.put("{}")


def drain(place, clock):
    """From the first reserve to the last delete."""
    with client(place) as queue:
        clock.start()
        while True:
            job = queue.reserve()
            is_last = clock.task_done()
            queue.delete(job)
            if is_last:
                break
        clock.stop()


peer.main(add, drain)
