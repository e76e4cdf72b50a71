"""The words of a scenario: contenders, goals, and what a round brings."""

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.process import Missing


@dataclass
class Contender:
    """Somebody who is measured."""

    key: str
    kind: str  # floor, taskrun or peer
    title: str
    run: Callable[[], dict]  # one round: value, and what else was seen; raises Missing
    settings: str = ""
    durable: str = ""  # what survives, for a peer
    samples: list = field(default_factory=list)
    missing: str = ""


@dataclass
class Goal:
    """A ratio of two contenders, or of one to a figure: `of` divided by `to`."""

    label: str
    of: str
    to: str | float | None = None
    least: float | None = None
    most: float | None = None


@dataclass
class Scenario:
    """A table of figures."""

    name: str
    title: str
    unit: str
    contenders: list
    goals: list = field(default_factory=list)
    rounds: int = 5
    higher_is_better: bool = True
    note: str = ""
    in_chart: bool = False


def seen_beside(contender, name):
    """A contender whose value is what was seen beside the value of another one, in the same rounds."""
    left = iter(list(contender.samples))

    def run():
        sample = next(left, None)
        if sample is None:
            raise Missing("that round failed")
        return {**sample, "value": sample[name]}

    return Contender(contender.key, contender.kind, contender.title, run, contender.settings, missing=contender.missing)
