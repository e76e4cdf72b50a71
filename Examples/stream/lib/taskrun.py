"""taskrun.py: stream handlers in Python; one file, to be copied next to them. Python 3.7 or later.

    import taskrun

    def perform(data, task):
        if "email" not in data:
            raise taskrun.Permanent("no email in data")
        return {"sent": data["email"]}

    taskrun.serve(perform)

perform() returns the result, or None if there is none. An exception means that the attempt has failed and is tried again
after the usual backoff, unless it is one of the three classes below. print() writes to the log, as stderr does.

    task.add("INVOICE_SEND", {"invoice": 12}, queue="mail", delay="1h", batch=task.batch)

adds a task that follows this one. The keys are those of a line of "taskrun add -". When perform() returns, such tasks are
added by the transaction that ends this task. When it raises, they are dropped.
"""

import json
import os
import sys
import traceback


class Permanent(Exception):
    """No attempt can succeed: the task is FAILED at once."""


class RetryAfter(Exception):
    """This attempt failed; the next one comes after so many seconds instead of the usual backoff."""

    def __init__(self, seconds, error):
        super().__init__(error)
        self.seconds = seconds


class Later(Exception):
    """Not now: the task is tried again after so many seconds (None: the usual backoff); the attempt does not count."""

    def __init__(self, seconds=None, note=None):
        super().__init__(note)
        self.seconds = seconds
        self.note = note


class Task:
    """The task, without its data."""

    __slots__ = ("id", "attempt", "max_attempts", "deadline", "queue", "name", "batch", "_added", "_say")

    def __init__(self, line, say):
        self.id = line["task"]
        self.attempt = line["attempt"]
        self.max_attempts = line["max_attempts"]
        self.deadline = line["deadline"]  # seconds since 1970, as time.time()
        self.queue = line["queue"]
        self.name = line["name"]
        self.batch = line.get("batch")  # None: the task is in no batch
        self._added = []
        self._say = say

    def add(self, task_name, data, **columns):
        """Adds a task if this attempt succeeds: queue="mail", delay="1h", batch=task.batch; None means the default."""
        # A copy, so that later changes of the data do not count.
        self._added.append(json.loads(json.dumps({"task_name": task_name, "data": data, **columns})))

    def progress(self, done, total=None, note=None):
        """Reports the progress, for example 3 of 10."""
        steps = [done] if total is None else [done, total]
        self._say({"task": self.id, "progress": steps, "note": note})

    def log(self, text, level="info"):
        """Writes a line to the log; the level is trace, debug, info, notice, warning, error or critical."""
        self._say({"log": text, "level": level})


def serve(perform):
    """Performs tasks until there are no more."""
    # stdout carries only the protocol: all other output goes to stderr.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    encode = json.JSONEncoder(separators=(",", ":")).encode

    def say(message):
        # Encoded before anything is written: a value that is no JSON then leaves no half line.
        output.write(encode(message).encode() + b"\n")
        output.flush()

    say({"hello": 1})
    for line in sys.stdin.buffer:
        line = json.loads(line)
        task = Task(line, say)
        try:
            answer = {"task": task.id, "ok": True, "result": perform(line["data"], task)}
            if task._added:
                answer["add"] = task._added
            say(answer)
        except Permanent as error:
            say({"task": task.id, "error": str(error), "permanent": True})
        except RetryAfter as error:
            say({"task": task.id, "error": str(error), "retry_after": error.seconds})
        except Later as wish:
            say({"task": task.id, "later": wish.seconds, "note": wish.note})
        except BrokenPipeError:
            return  # the run is gone
        except Exception as error:  # one bad task must not end the program
            said = traceback.format_exception_only(type(error), error)[-1].strip()
            say({"task": task.id, "error": said + "\n" + traceback.format_exc()[-6000:]})
