"""Samples into figures: medians, and ratios within the same round."""

import statistics

# What is seen beside the value, where it is.
BESIDE = ("cpu_ms_per_1000", "server_cpu_ms_per_1000", "peak_memory_mib", "server_peak_memory_mib", "seconds", "tasks")


def spread(values):
    """Median, least and greatest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "samples": len(values)}


def summary(scenario):
    """A scenario as it stands in the results."""
    return {
        "name": scenario.name,
        "title": scenario.title,
        "unit": scenario.unit,
        "higher_is_better": scenario.higher_is_better,
        "in_chart": scenario.in_chart,
        "note": scenario.note,
        "contenders": [of_contender(contender) for contender in scenario.contenders],
        "ratios": [of_goal(goal, scenario) for goal in scenario.goals],
    }


def of_contender(contender):
    """One contender's figures, or why there are none."""
    facts = {name: getattr(contender, name) for name in ("key", "kind", "title", "settings", "durable")}
    if not contender.samples:
        return {**facts, "missing": contender.missing or "no round succeeded"}
    facts["value"] = spread([sample["value"] for sample in contender.samples])
    for name in BESIDE:
        values = [sample[name] for sample in contender.samples if sample.get(name) is not None]
        if values:
            facts[name] = spread(values)
    return {**facts, "samples": contender.samples}


def of_goal(goal, scenario):
    """A ratio, taken round by round; its median is held against the goal."""
    values = {contender.key: by_round(contender) for contender in scenario.contenders}
    above = values.get(goal.of, {})
    if isinstance(goal.to, str):
        below = values.get(goal.to, {})
        ratios = [above[number] / below[number] for number in above if below.get(number)]
    else:
        ratios = [value / (goal.to or 1) for value in above.values()]
    facts = {"label": goal.label, "of": goal.of, "to": goal.to, "goal": wanted(goal)}
    if not ratios:
        return {**facts, "missing": "not measured"}
    result = spread(ratios)
    reached = (goal.least is None or result["median"] >= goal.least) and (
        goal.most is None or result["median"] <= goal.most
    )
    return {**facts, **result, "reached": reached if facts["goal"] else None}


def by_round(contender):
    """The value of each round."""
    return {sample["round"]: sample["value"] for sample in contender.samples}


def wanted(goal):
    """The goal in words."""
    if goal.least is not None:
        return f"at least {goal.least:,g}"
    return f"at most {goal.most:,g}" if goal.most is not None else ""
