"""The scenarios, in the order they are run: each module has NAME and scenarios(bench)."""

from scenarios import (
    bare_table,
    executables,
    lingering,
    lingering_runs,
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
    bare_table,
    many_runs,
    executables,
    streams,
    nothing_due,
    lingering,
    lingering_runs,
    peak_memory,
    waiting_rows,
    open_transaction,
)
