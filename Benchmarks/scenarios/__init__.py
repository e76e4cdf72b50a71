"""The scenarios, in the order they are run: each module has NAME and scenarios(bench)."""

from scenarios import (
    executables,
    lingering,
    many_runs,
    nothing_due,
    open_transaction,
    peak_memory,
    postgresql,
    sqlite,
    streams,
    waiting_rows,
)

ALL = (
    postgresql,
    sqlite,
    many_runs,
    executables,
    streams,
    nothing_due,
    lingering,
    peak_memory,
    waiting_rows,
    open_transaction,
)
