"""Writes RESULTS.md from the results; what stands there by hand under its last heading is kept."""

import os

from harness import table

HAND_WRITTEN = "## What limits each"
PLACEHOLDER = "(written by hand; kept when the figures are made again)\n"


def write(results, path, chart):
    """Writes the page."""
    kept = PLACEHOLDER
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            kept = file.read().partition(HAND_WRITTEN)[2].lstrip("\n") or PLACEHOLDER
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(page(results, chart)) + f"\n{HAND_WRITTEN}\n\n{kept}")


def page(results, chart):
    """The lines of the page, up to what is written by hand."""
    machine = results["machine"]
    yield "# Results"
    yield ""
    yield (
        f"Made by `make bench` on {results['date'][:10]}, from [results.json](results.json). All figures are from one "
        f"run on one machine, medians of {results['rounds']} rounds, taken in turns so that noise hits all alike. "
        "Ratios are taken within a round. A goal is what was set for the project."
    )
    if results["quick"]:
        yield ""
        yield "**A quick run, with few rounds and rows: only to see that it works.**"
    yield ""
    yield f"![Tasks a second]({chart})"
    yield ""
    yield (
        f"Machine: {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB; {machine['system']}, "
        f"Linux {machine['kernel']}; databases on {machine['file_system']}; "
        f"load before {', '.join(f'{load:.1f}' for load in machine['load_before'])}."
    )
    yield ""
    yield (
        "CPU is processor time of the worker's side for each 1,000 tasks; server CPU that of the database server's or "
        "the queue's own processes, where it was measured. Peak memory is the worker's, and after a + that of the "
        "queue's own server. Adding is in none of the figures."
    )
    for scenario in results["scenarios"]:
        yield ""
        yield f"## {scenario['title']}, {scenario['unit']}"
        yield ""
        if scenario["note"]:
            yield scenario["note"]
            yield ""
        yield from table.markdown(table.COLUMNS, table.rows(scenario))
        if scenario["ratios"]:
            yield ""
            yield from table.markdown(table.RATIO_COLUMNS, table.ratio_rows(scenario))
    yield ""
    yield "## Versions and settings"
    yield ""
    yield from ("- " + name + ": " + text for name, text in results["versions"].items())
    if results["postgresql"]:
        settings = ", ".join(f"`{name}` {value}" for name, value in results["postgresql"].items())
        yield f"- PostgreSQL, as initdb leaves it: {settings}"
    yield ""
