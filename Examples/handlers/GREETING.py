#!/usr/bin/env python3
"""GREETING: writes a greeting; a handler in Python to start from.

Data:    {"name": "Ada", "language": "de"}; "language" is de, en, fr or tr, default en.
Result:  the greeting, on stdout.
Install: copy it to the handlers folder and keep its run bit.

A handler gets the task's data as JSON on stdin, and the task's number and name in TASKRUN_… variables. Its exit status
says how it went: 0 done, 75 try again later, 65 no attempt can succeed with this data, anything else failed and to be
tried again after a while. What it prints on stderr is kept with the task.
"""

import json
import os
import sys

EX_OK = 0
EX_DATAERR = 65
EX_TEMPFAIL = 75

GREETINGS = {"de": "Guten Tag, {}!", "en": "Hello, {}!", "fr": "Bonjour, {} !", "tr": "Merhaba, {}!"}


class BadData(Exception):
    """Data that no attempt can use."""


def read_task(raw):
    """Returns the name and the language, or raises BadData with the reason."""
    try:
        data = json.loads(raw.decode("utf-8"))
    except ValueError as error:
        raise BadData("the data is not JSON") from error
    if not isinstance(data, dict):
        raise BadData('the data must be an object such as {"name": "Ada"}')
    name = data.get("name")
    if not isinstance(name, str) or not name.strip():
        raise BadData('"name" must be a text')
    language = data.get("language", "en")
    if not isinstance(language, str) or language not in GREETINGS:
        raise BadData('"language" must be one of ' + ", ".join(sorted(GREETINGS)))
    return name.strip(), language


def tell(key, value):
    """Writes a line for taskrun: progress, note, retry_after."""
    path = os.environ.get("TASKRUN_OUTPUT")
    if path:
        with open(path, "a", encoding="utf-8") as output:
            output.write(f"{key}={value}\n")


def main():
    try:
        name, language = read_task(sys.stdin.buffer.read())
    except BadData as error:
        print(error, file=sys.stderr)
        return EX_DATAERR
    tell("progress", "0/1")
    try:
        # The work. It may be done more than once for one task, so a second time must do no harm.
        sys.stdout.buffer.write((GREETINGS[language].format(name) + "\n").encode("utf-8"))
        sys.stdout.buffer.flush()
    except OSError as error:
        # This will pass: try again in a minute; the attempt does not count.
        tell("retry_after", "60")
        print(f"cannot write the greeting: {error}", file=sys.stderr)
        return EX_TEMPFAIL
    tell("progress", "1/1")
    return EX_OK


if __name__ == "__main__":
    sys.exit(main())
