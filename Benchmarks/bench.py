#!/usr/bin/env python3
"""Measures the floor, taskrun and its peers side by side, in one run on this machine: see RESULTS.md and `make bench`.

Prints a table; writes results.json, and from it RESULTS.md and results.svg. Progress goes to stderr.
"""

import argparse
import datetime
import json
import os
import signal
import sys

from harness import chart, machine, own, results, summary, table
from harness.bench import Bench, say
from harness.process import Missing
from harness.rounds import measure
from scenarios import ALL

HERE = os.path.dirname(os.path.abspath(__file__))


def arguments():
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    built = os.path.join(os.path.dirname(HERE), ".build")
    made = os.path.join(built, "benchmarks")
    parser.add_argument("--taskrun", default=os.path.join(built, "release", "taskrun"), help="built for release")
    parser.add_argument("--floors", default=os.path.join(made, "floors"), help="the folder with the C programs")
    parser.add_argument("--peers", default=os.path.join(made, "peers"), help="the virtual environment with the peers")
    parser.add_argument("--out", default=HERE, help="where the results are written (default: %(default)s)")
    parser.add_argument("--folder", default="/var/tmp", help="a folder on the disk to measure (default: %(default)s)")
    parser.add_argument("--only", default="", help="these scenarios only: " + ",".join(part.NAME for part in ALL))
    parser.add_argument("--rounds", type=int, help="rounds of each scenario (default: 5, with --quick 1 or 2)")
    parser.add_argument("--quick", action="store_true", help="few rounds and rows: about three minutes")
    parser.add_argument("--smoke", action="store_true", help="a few rows of each, no peers: shows that all works")
    parser.add_argument("--go-on", action="store_true", help="go on after the last scenario that a stopped run has kept")
    parser.add_argument("--again", action="store_true", help="only write page and chart again, from results.json")
    return parser.parse_args()


def main():
    """Measures, prints and writes."""
    asked = arguments()
    path = os.path.join(asked.out, "results.json")
    if asked.again:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    else:
        os.makedirs(asked.out, exist_ok=True)
        kept = None
        if asked.go_on:
            with open(path, encoding="utf-8") as file:
                kept = json.load(file)
        found = measured(asked, kept, lambda found: save(found, path))
    with open(os.path.join(asked.out, "results.svg"), "w", encoding="utf-8") as file:
        file.write(chart.chart(found))
    results.write(found, os.path.join(asked.out, "RESULTS.md"), "results.svg")
    print("\n".join(table.printed(found)))
    say(f"written: {path}, RESULTS.md, results.svg")
    failed = failures(found)
    if failed:
        sys.exit("not measured: " + "; ".join(failed))


def failures(found):
    """The floors and the measurements of taskrun that brought nothing, with the reason."""
    return [
        f"{scenario['name']}, {contender['title']}: {contender['missing']}"
        for scenario in found["scenarios"]
        for contender in scenario["contenders"]
        if "missing" in contender and contender["kind"] != "peer"
    ]


def chosen(names):
    """The scenarios that were asked for."""
    wanted = [name for name in names.split(",") if name]
    unknown = set(wanted) - {part.NAME for part in ALL}
    if unknown:
        sys.exit(f"unknown scenario {', '.join(sorted(unknown))}: expected {', '.join(part.NAME for part in ALL)}")
    return [part for part in ALL if not wanted or part.NAME in wanted]


def save(found, path):
    """Writes the results, whole or not at all."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1)
        file.write("\n")
    os.replace(path + ".new", path)


def measured(asked, kept, keep):
    """Runs the scenarios that are not kept yet; what they found, which is kept after each."""
    done = set(kept.get("parts", [])) if kept else set()
    if kept:
        # What a stopped run had begun is measured again.
        kept["scenarios"] = [scenario for scenario in kept["scenarios"] if scenario.get("part") in done]
    parts = [part for part in chosen(asked.only) if part.NAME not in done]
    # A killed benchmark leaves nothing behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    bench = Bench(
        taskrun=os.path.abspath(asked.taskrun),
        floors=os.path.abspath(asked.floors),
        peers=os.path.abspath(asked.peers),
        folder=asked.folder,
        is_quick=asked.quick or asked.smoke,
        is_smoke=asked.smoke,
    )
    try:
        found = kept or {
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "quick": asked.quick,
            "machine": machine.machine(asked.folder),
            "versions": machine.versions(bench),
            "rounds": asked.rounds or bench.amount(5, 2),
            "postgresql": {},
            "scenarios": [],
        }
        if asked.smoke:
            own.require_refusals(bench)
        for part in parts:
            for scenario in part.scenarios(bench):
                scenario.rounds = asked.rounds or (1 if asked.smoke else scenario.rounds)
                if asked.smoke:
                    for peer in scenario.contenders:
                        peer.missing = "not asked for" if peer.kind == "peer" else peer.missing
                measure(scenario)
                found["scenarios"].append({"part": part.NAME, **summary.summary(scenario)})
                keep(found)
            found.setdefault("parts", []).append(part.NAME)
            keep(found)
        try:
            found["postgresql"] = bench.cluster.facts()
        except Missing as reason:
            found["postgresql"] = {"missing": str(reason)}
        found["seconds"] = (
            datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(found["date"])
        ).total_seconds()
        keep(found)
        return found
    finally:
        bench.close()


if __name__ == "__main__":
    main()
