#!/usr/bin/env python3
"""REVERSE_PYTHON: the text of {"text": "…"} backwards; a stream handler in Python to start from."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import taskrun  # noqa: E402


def reverse(data, task):
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        raise taskrun.Permanent('"text" must be a text')
    return data["text"][::-1]


taskrun.serve(reverse)
