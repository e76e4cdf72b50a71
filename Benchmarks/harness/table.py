"""Results as tables, for the terminal and for Markdown."""

from harness.rounds import figure

MEMORY = ("peak_memory_mib", "server_peak_memory_mib")
COLUMNS = ("", "median", "min – max", "CPU ms/1,000", "server CPU", "peak MiB", "settings")


def rows(scenario):
    """One row a contender."""
    for contender in scenario["contenders"]:
        if "missing" in contender:
            yield (contender["title"], "–", "", "", "", "", f"not measured: {contender['missing']}")
            continue
        value = contender["value"]
        yield (
            contender["title"],
            figure(value["median"]),
            f"{figure(value['min'])} – {figure(value['max'])}",
            beside(contender, "cpu_ms_per_1000"),
            beside(contender, "server_cpu_ms_per_1000"),
            " + ".join(filter(None, [beside(contender, name) for name in MEMORY])),
            "; ".join(filter(None, (contender["settings"], contender["durable"]))),
        )


def beside(contender, name):
    """The median of a figure beside the value, where it was seen."""
    return figure(contender[name]["median"]) if name in contender else ""


def ratio_rows(scenario):
    """One row a goal."""
    for ratio in scenario["ratios"]:
        if "missing" in ratio:
            yield (ratio["label"], "–", "", ratio["goal"], ratio["missing"])
            continue
        verdict = {True: "reached", False: "NOT reached", None: ""}[ratio["reached"]]
        spread = f"{figure(ratio['min'])} – {figure(ratio['max'])}"
        yield (ratio["label"], figure(ratio["median"]), spread, ratio["goal"], verdict)


def plain(header, lines):
    """A table for a terminal; the last column may be as long as it likes."""
    lines = [header, *lines]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:-1])]
        yield ("  ".join(cells) + "  " + line[-1]).rstrip()


def markdown(header, lines):
    """A table for Markdown."""
    yield "| " + " | ".join(header) + " |"
    yield "|---" + "|--:" * (len(header) - 2) + "|---|"
    for line in lines:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"


RATIO_COLUMNS = ("ratio", "median", "min – max", "goal", "")


def printed(results):
    """Everything, for a terminal."""
    for scenario in results["scenarios"]:
        yield ""
        yield f"{scenario['title']} ({scenario['unit']})"
        yield from plain(COLUMNS, rows(scenario))
        if scenario["ratios"]:
            yield ""
            yield from plain(RATIO_COLUMNS, ratio_rows(scenario))
