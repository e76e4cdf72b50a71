"""What has to hold: after each commit, when a handler begins, and when everything is at rest."""
from world import BEHIND, FAILED, HOLDER, OPEN, PROCESSING, WAITING, Violation


def at_commit(world, me):
    scenario = world.scenario
    after = list(world.rows)
    for task, row in me.writes:
        after[task] = row
    holds_fence(world, me)
    for key in range(scenario.keys):
        rows = [(task, row) for task, row in enumerate(after) if row is not None and scenario.key(task) == key]
        if sum(1 for _, row in rows if row.place == HOLDER) > 1:
            raise Violation("two rows hold one lock key")
        if sum(1 for _, row in rows if row.status == PROCESSING) > 1:
            raise Violation("two rows of one lock key are PROCESSING")
        for task, _ in me.taken:
            if scenario.key(task) == key and not scenario.loose:
                # One that came late, or was sent back by hand, stands where its number says, and may be overtaken.
                ahead = [
                    other for other, row in rows
                    if other < task and row.status in (WAITING, PROCESSING) and not scenario.may_come_late(other)
                    and world.rows[other] is not None
                ]
                if ahead:
                    raise Violation("a task with a lock key is begun before an earlier one")
    if world.newer and me.taken:
        raise Violation("a run claims from tables that are newer than it is")
    if scenario.limit and me.taken:
        running, per_minute = scenario.limit
        if sum(1 for row in after if row and row.status == PROCESSING) > running:
            raise Violation("more are PROCESSING than the limit lets")
        world.minute += len(me.taken)
        if world.minute > per_minute:
            raise Violation("more are begun in a minute than the limit lets")
    counts(world, me)


def holds_fence(world, me):
    """A run whose claim was taken over changes nothing."""
    claims = {task: claim for task, claim, _ in me.settles}
    for task, what in me.results:
        if task in claims and what in ("settled", "gave way"):
            row = world.rows[task]
            if row is None or row.status != PROCESSING or row.claim != claims[task]:
                raise Violation("a claim that was taken over is settled")


def newer_stays(world, me, task, own):
    """Of two equal tasks that would both wait, the one with the higher id stays: the row of `task` goes for a newer one."""
    row = world.row(me, task)
    group = world.scenario.dedupe(task)
    newer = [
        other for other, one in world.rows_seen(me)
        if world.scenario.dedupe(other) == group and other > task and (one.status != FAILED or other in own)
    ]
    if not newer and not row.cancel:
        raise Violation("of two equal tasks that would both wait, the newer one goes")


def counts(world, me):
    """Keeps count of what was done and begun, beside the table."""
    verdicts = {task: verdict for task, _, verdict in me.settles}
    for task, what in me.results:
        verdict = verdicts.get(task)
        if what == "settled" and verdict in ("ok", "add"):
            world.done[task] += 1
            if world.done[task] > 1:
                raise Violation("one task is settled as done twice")
        if what == "settled" and verdict == "release" and me.pipeline.startswith("settle"):
            world.begun[task] -= 1
        if what == "retried":
            world.begun[task] = 0
    gone = {task for task, row in me.writes if row is None and world.rows[task] is not None}
    told = {task for task, what in me.results if what in ("settled", "gave way", "removed", "cancelled", "deleted")}
    if gone - told:
        raise Violation("a row goes that nobody has ended")


def at_begin(world, run, task):
    """A handler begins a task: no other one is at work on it, or on one of its key, under a lease that lives."""
    scenario = world.scenario
    for number, other in enumerate(world.runs):
        if number == run or not other.alive:
            continue
        for held, _, lives, ended in other.hand:
            lives = lives and not ended
            if lives and held == task:
                raise Violation("two attempts of one task at the same time, both under leases that live")
            if lives and scenario.key(held) is not None and scenario.key(held) == scenario.key(task):
                raise Violation("two tasks of one lock key at the same time, both under leases that live")


def at_rest(scenario, state):
    """Nothing is under way: no statement, no handler; nobody has anything left to do of its own accord."""
    for number, run in enumerate(state.runs):
        for task, row in enumerate(state.rows):
            if row and row.status == PROCESSING and row.owner == number and run.alive and row.live:
                raise Violation("a row is PROCESSING for a live run that does not know of it")
    if not any(run.alive for run in state.runs):
        return  # the next run looks
    rows = [(task, row) for task, row in enumerate(state.rows) if row is not None]
    if any(row.status == PROCESSING for _, row in rows):
        return  # of a dead run: to be recovered
    for key in range(scenario.keys):
        line = [(task, row) for task, row in rows if scenario.key(task) == key]
        waiting = [row for _, row in line if row.status == WAITING]
        holders = [row for _, row in line if row.place == HOLDER]
        if any(row.status == FAILED for row in holders) and waiting:
            raise Violation("a line stands still: a FAILED row holds its key")
        if waiting and not holders and all(row.place == BEHIND for row in waiting):
            raise Violation("a line stands still: all stand behind, and nobody leads it on")
    if scenario.attentive:
        nothing_is_left(scenario, state, rows)
    waits = [task for task, row in rows if row.after and row.status == WAITING]
    members = [row for task, row in rows if scenario.is_member(task) and row.status in (WAITING, PROCESSING)]
    if waits and not members:
        raise Violation("a follower waits although its batch has ended, and no run will look")
    for task, row in rows:
        if row.status not in (WAITING, FAILED):
            continue
        was_killed = state.budget[0] < scenario.kills or state.budget[2] < scenario.leases
        if row.attempts < state.begun[task] or (row.attempts > state.begun[task] and not was_killed):
            raise Violation("attempts are not counted exactly")


def nothing_is_left(scenario, state, rows):
    """Each run that lives has looked, and found nothing: so there is nothing to be begun."""
    if not all(run.content for run in state.runs if run.alive):
        return
    for task, row in rows:
        if row.status != WAITING or row.after or row.late or row.claim >= scenario.max_claims:
            continue
        key = scenario.key(task)
        line = [(other, one) for other, one in rows if scenario.key(other) == key and key is not None]
        if key is None or row.place == HOLDER or (
            all(one.place != HOLDER for _, one in line)
            and task == min(other for other, one in line if one.status == WAITING)
        ):
            raise Violation("a task is due, and each run that lives thinks that nothing is")
