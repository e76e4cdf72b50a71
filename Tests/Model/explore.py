"""Goes through all states of a scenario, breadth first: the first violation found has the shortest way to it."""
import gc
import time
from collections import deque

import actions
import properties
from world import Violation


class Result:
    def __init__(self, scenario, states, seconds, violation=None, trace=(), complete=True):
        self.name, self.states, self.seconds = scenario.name, states, seconds
        self.violation, self.trace, self.complete = violation, tuple(trace), complete


def explore(scenario, most=None):
    began = time.monotonic()
    # States have no cycles, and there are many.
    gc.disable()
    first = actions.first_state(scenario)
    came = {first: None}
    queue = deque([first])

    def way(state):
        words = []
        while came[state] is not None:
            state, word = came[state]
            words.append(word)
        return words[::-1]

    def end(violation=None, trace=(), complete=True):
        return Result(scenario, len(came), time.monotonic() - began, violation, trace, complete)

    while queue:
        state = queue.popleft()
        if most and len(came) > most:
            return end(complete=False)
        try:
            if actions.is_at_rest(state):
                properties.at_rest(scenario, state)
            following = actions.successors(scenario, state)
        except Violation as violation:
            last = [violation.args[1]] if len(violation.args) > 1 else []
            return end(str(violation.args[0]), way(state) + last)
        for words, after in following:
            if after not in came:
                came[after] = (state, words)
                queue.append(after)
    return end()
