"""Runs the rounds of a scenario: one contender after the other, and again, so that noise hits all alike."""

import time

from harness.bench import say
from harness.process import Missing


def measure(scenario):
    """Fills in the samples of all contenders."""
    for number in range(1, scenario.rounds + 1):
        for contender in scenario.contenders:
            if contender.missing:
                continue
            began = time.monotonic()
            try:
                sample = contender.run()
            except (Missing, OSError, ValueError, KeyError) as reason:
                # Once measured, it can be had: one bad round is left out, and told.
                why = str(reason) if isinstance(reason, Missing) else repr(reason)
                contender.missing = "" if contender.samples else why
                say(f"{scenario.name} {number}/{scenario.rounds} {contender.title}: {why}")
                continue
            contender.samples.append({"round": number, **sample})
            took = time.monotonic() - began
            say(
                f"{scenario.name} {number}/{scenario.rounds} {contender.title}: "
                f"{figure(sample['value'])} {scenario.unit} ({took:.0f} s)"
            )


def figure(value):
    """A number for people: at least three digits, thousands apart."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"
