#!/usr/bin/env python3
"""Goes through all scenarios, then shows that each mutant is found out.

Usage: check.py [--trace] [WORD…]: those with one of these words in their names; all without. README.md says how to read it.
"""
import multiprocessing
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import explore
import scenarios


def work(name, mutant):
    """One scenario, or one mutant in it."""
    scenario = scenarios.BY_NAME[name]
    most = int(os.environ.get("MODEL_MOST", 0)) or None
    return mutant, explore.explore(scenario.with_mutant(mutant) if mutant else scenario, most)


def main(words):
    shows = "--trace" in words
    words = [word for word in words if not word.startswith("--")]
    wanted = [(one.name, None) for one in scenarios.SCENARIOS] + [(name, mutant) for mutant, name in scenarios.MUTANTS]
    wanted = [one for one in wanted if not words or any(word in f"{one[1]} {one[0]}" for word in words)]
    began, failures, states = time.monotonic(), 0, 0
    with multiprocessing.Pool(os.cpu_count()) as pool:
        results = [pool.apply_async(work, one) for one in wanted]
        for mutant, result in (one.get() for one in results):
            states += result.states
            failures += not tell(mutant, result, shows)
    print(f"model: {len(wanted)} worlds, {states} states, {time.monotonic() - began:.0f} s, {failures} wrong")
    return 1 if failures else 0


def tell(mutant, result, shows):
    """Says how one ended; whether it is as it has to be."""
    numbers = f"{result.states} states, {result.seconds:.1f} s"
    is_right = bool(result.violation) if mutant else not result.violation and result.complete
    if mutant:
        end = f"found out: {result.violation}" if result.violation else "NOT FOUND OUT"
        print(f"mutant: {result.name}: {end} ({numbers})", flush=True)
    else:
        end = f"VIOLATED: {result.violation}" if result.violation else "holds" if result.complete else "NOT COMPLETE"
        print(f"{result.name}: {end} ({numbers})", flush=True)
    if result.violation and (shows or not mutant):
        for word in result.trace:
            print(f"    {word}")
    return is_right


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
