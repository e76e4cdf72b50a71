"""What each statement of Sources/PostgreSQLStore does to the table, as far as the protocol goes.

A statement has two halves, as on the server. `sees` is its snapshot: what it chooses among the rows as they are
committed when it begins. The body then locks, looks at the newest version of each row again, and writes. Between the
two others may commit. A body answers DONE; WAIT, where somebody has a lock (it is asked again later, with its snapshot
as it was, and what it has locked so far it keeps); or the name of a pipeline, where the client undoes all and goes
another way. `todo` is what is left of the rows while it waits.
"""
import properties
from world import BEHIND, FAILED, HOLDER, NOBODY, OPEN, PROCESSING, WAITING, Row, Violation

DONE, WAIT = "done", "wait"


class Statement:
    def __init__(self, needed, sees, body):
        self.needed, self.sees, self.body = needed, sees, body


STATEMENTS = {}


def statement(name, needed=None, sees=None):
    """Names the body of a statement; `needed` tells whether the client sends it."""

    def keep(body):
        STATEMENTS[name] = Statement(needed, sees, body)
        return body

    return keep


# --- words


def in_hand(row, claim):
    return row is not None and row.status == PROCESSING and row.claim == claim


def keyed_rows(world, me, key):
    return [(task, row) for task, row in world.rows_seen(me) if world.scenario.key(task) == key]


def touches(world, me, task):
    key = world.scenario.key(task)
    if key is not None:
        me.touched |= 1 << key


def ends_member(world, me, task, completed=0):
    """A task of the batch has ended, or may have."""
    if world.scenario.is_member(task):
        me.ends = max(me.ends, 0) + completed


def result(me, task, what):
    me.results += ((task, what),)


def write_waiting(world, me, task, row):
    """A row goes back to WAITING: "free", "equal", or "wait".

    The new version is in the table before the index is asked: who waits for the index holds its row already.
    """
    before = dict(me.writes).get(task, "none")
    world.put(me, task, row)
    says = world.index_says(me, task)
    if says == "equal":
        writes = dict(me.writes)
        if before == "none":
            del writes[task]
        else:
            writes[task] = before
        me.writes = tuple(sorted(writes.items()))
    return says


# --- settle: the ends of claims


def deletions(me):
    return [one for one in me.settles if one[2] in ("ok", "add", "cancel")]


def updates(me):
    return [one for one in me.settles if one[2] in ("retry", "fail", "release")]


def proof_holds(world, row, claim):
    if "no fence" in world.scenario.mutants:
        return row is not None and row.status == PROCESSING
    return in_hand(row, claim)


@statement("settle_delete", needed=lambda world, me: deletions(me),
           sees=lambda world, me: [one for one in deletions(me) if proof_holds(world, world.row(me, one[0]), one[1])])
def settle_delete(world, me):
    left = me.seen if me.todo is None else me.todo
    for number, (task, claim, verdict) in enumerate(left):
        me.todo = left[number:]
        if world.is_locked(me, task):
            return WAIT
        if not proof_holds(world, world.row(me, task), claim):
            continue
        world.put(me, task, None)
        result(me, task, "settled")
        touches(world, me, task)
        ends_member(world, me, task, 0 if verdict == "cancel" else 1)
    return DONE


def changed(world, row, verdict):
    """The row as `settle_update` writes it."""
    if verdict == "fail":
        return row._replace(status=FAILED, owner=NOBODY, live=False)
    row = row._replace(status=WAITING, owner=NOBODY, live=False)
    if verdict == "release":
        return row._replace(attempts=max(row.attempts - 1, 0))
    return row._replace(crashes=0)


def writes_back(world, me, rows):
    """Rows go back to WAITING or aside, in one statement: DONE, WAIT, or "equal" where one waits."""
    for number, (task, claim, verdict) in enumerate(rows):
        me.todo = tuple(rows[number:])
        if world.is_locked(me, task):
            return WAIT
        row = world.row(me, task)
        # Behind a wait for the index the own version stands there already.
        is_mine = task in dict(me.writes) and row is not None and row.status == WAITING
        if not is_mine and not proof_holds(world, row, claim):
            continue
        if not is_mine:
            row = (taken_over if me.pipeline.startswith("recover") else changed)(world, row, verdict)
        if verdict == "fail":
            world.put(me, task, row)
        else:
            says = write_waiting(world, me, task, row)
            if says == "wait":
                return WAIT
            if says == "equal":
                return "equal"
        result(me, task, "settled")
        if not me.pipeline.startswith("recover") or verdict == "fail" or row.cancel:
            touches(world, me, task)
            ends_member(world, me, task)
    return DONE


@statement("settle_update", needed=lambda world, me: updates(me),
           sees=lambda world, me: [one for one in updates(me) if proof_holds(world, world.row(me, one[0]), one[1])])
def settle_update(world, me):
    """With an equal row that waits all is undone, and done anew so that one of them goes."""
    came = writes_back(world, me, me.seen if me.todo is None else me.todo)
    return me.pipeline.replace("_giving_way", "") + "_giving_way" if came == "equal" else came


# --- equal tasks


def going_back(me):
    """Rows that are to be WAITING again."""
    if me.pipeline == "retry":
        return tuple(task for task, what in me.results if what == "chosen")
    return tuple(task for task, _, verdict in me.settles if verdict in ("retry", "release"))


def group_of(world, task):
    """The number of the advisory lock of a group of equals; behind those of the keys."""
    return 8 + world.scenario.dedupe(task)


@statement("settle_lock", needed=lambda world, me: any(world.scenario.dedupe(task) is not None for task in going_back(me)))
def settle_lock(world, me):
    """Locks the rows that may have equals, then the groups of these."""
    own = [task for task in going_back(me) if world.scenario.dedupe(task) is not None]
    for task in own:
        if world.is_locked(me, task):
            return WAIT
        if world.row(me, task) is not None:
            me.locks |= 1 << task
    if "equal tasks are put back without a lock" not in world.scenario.mutants:
        for group in sorted({group_of(world, task) for task in own if world.row(me, task) is not None}):
            if not world.try_key(me, group):
                return WAIT
    return DONE


@statement("equal_keys", sees=lambda world, me: sorted(
    {world.scenario.key(other) for task in going_back(me) for other in world.equals(me, task)}
    | {world.scenario.key(task) for task, _, _ in me.settles}
    - {None}
))
def equal_keys(world, me):
    """Waits for the lock keys of equal rows that wait, and of the own ones."""
    for key in me.seen:
        if key is not None and not world.try_key(me, key):
            return WAIT
    return DONE


def newest_own(world, me, lasts):
    """Of each group the newest of the own rows that goes back and is not to be cancelled."""
    newest = {}
    for task in going_back(me):
        row = world.row(me, task)
        if world.scenario.dedupe(task) is not None and lasts(row):
            newest[world.scenario.dedupe(task)] = max(task, newest.get(world.scenario.dedupe(task), -1))
    return newest


def in_claim(row):
    return row is not None and row.status == PROCESSING and not row.cancel


def older_equals(world, me, lasts):
    newest = newest_own(world, me, lasts)
    return [
        task for task, row in world.rows_seen(me)
        if row.status == WAITING and task < newest.get(world.scenario.dedupe(task), -1)
    ]


def remove_older(world, me):
    left = me.seen if me.todo is None else me.todo
    for number, task in enumerate(left):
        me.todo = left[number:]
        if world.is_locked(me, task):
            if "equal tasks that wait are waited for" in world.scenario.mutants:
                return WAIT
            continue  # SKIP LOCKED: if it stays, the index says so
        row = world.row(me, task)
        if row is None or row.status != WAITING:
            continue
        properties.newer_stays(world, me, task, going_back(me))
        world.put(me, task, None)
        result(me, task, "removed")
        touches(world, me, task)
        ends_member(world, me, task)
    return DONE


@statement("equal_remove", needed=lambda world, me: going_back(me),
           sees=lambda world, me: older_equals(world, me, in_claim) if newer_stays(world) else [])
def equal_remove(world, me):
    """Removes rows that wait and have a newer equal among those that go back."""
    return remove_older(world, me)


def newer_stays(world):
    return "the older equal task is kept" not in world.scenario.mutants


@statement("equal_remove_for_failed",
           sees=lambda world, me: older_equals(world, me, lambda row: row is not None and row.status == FAILED))
def equal_remove_for_failed(world, me):
    return remove_older(world, me)


def own_late(world, me):
    """Own rows that have a newer equal, among each other or one that waits."""
    newest = newest_own(world, me, in_claim)
    late = []
    for task in going_back(me):
        row = world.row(me, task)
        if world.scenario.dedupe(task) is None or row is None or row.status != PROCESSING:
            continue
        waiting = world.equals(me, task)
        if not newer_stays(world):
            late += [task] if waiting else []
        elif newest.get(world.scenario.dedupe(task), task) != task or any(
            other > task or row.cancel for other in waiting
        ):
            late.append(task)
    for task in late:
        properties.newer_stays(world, me, task, going_back(me))
    return late


@statement("give_way", needed=lambda world, me: going_back(me), sees=own_late)
def give_way(world, me):
    for task in me.seen:
        world.put(me, task, None)
        result(me, task, "gave way")
        touches(world, me, task)
        ends_member(world, me, task)
    return DONE


@statement("put_back", needed=lambda world, me: left_to_go_back(me))
def put_back(world, me):
    """On SQLite: row by row, the newest first; of equal ones the older goes, be it the one that waits or this one."""
    for task, claim, verdict in reversed(left_to_go_back(me)):
        row = world.row(me, task)
        if not proof_holds(world, row, claim):
            continue
        equals = world.equals(me, task) if verdict != "fail" else []
        if equals and (max(equals) > task or row.cancel or not newer_stays(world)):
            properties.newer_stays(world, me, task, ())
            world.put(me, task, None)
            result(me, task, "gave way")
        else:
            for older in equals:
                world.put(me, older, None)
                result(me, older, "removed")
                touches(world, me, older)
                ends_member(world, me, older)
            recovers = me.pipeline == "recover"
            row = (taken_over if recovers else changed)(world, row, verdict)
            world.put(me, task, row)
            result(me, task, "settled")
            if recovers and verdict != "fail" and not row.cancel:
                continue
        touches(world, me, task)
        ends_member(world, me, task)
    return DONE


def left_to_go_back(me):
    done = {task for task, _ in me.results}
    return [one for one in me.settles if one[2] not in ("ok", "add", "cancel") and one[0] not in done]


@statement("settle_update_one", needed=lambda world, me: left_to_go_back(me),
           sees=lambda world, me: [
               one for one in left_to_go_back(me) if proof_holds(world, world.row(me, one[0]), one[1])
           ])
def settle_update_one(world, me):
    """What is left; where a program has added an equal one meanwhile, it is tried again from the mark."""
    came = writes_back(world, me, me.seen if me.todo is None else me.todo)
    if came == "equal":
        me.queue = ((0, 0, "again"),)
        return DONE
    if came == DONE:
        me.queue = ()
    return came


# --- lock keys


@statement("lock_keys", needed=lambda world, me: me.touched)
def lock_keys(world, me):
    """Waits for the advisory locks, in one order."""
    if "no advisory lock" in world.scenario.mutants:
        return DONE
    if "a key that is kept is not locked" in world.scenario.mutants and not deletions(me) and not freed(world, me):
        return DONE
    for key in range(world.scenario.keys):
        if me.touched >> key & 1 and not world.try_key(me, key):
            return WAIT
    return DONE


def back(me):
    """What went back to WAITING with this transaction."""
    if me.pipeline == "cancel":
        return (me.task,)
    settled = {task for task, what in me.results if what == "settled"}
    return tuple(task for task in going_back(me) if task in settled)


@statement("result_remove_cancelled", needed=lambda world, me: back(me),
           sees=lambda world, me: [task for task in back(me) if is_cancelled(world.row(me, task))])
def result_remove_cancelled(world, me):
    """Removes what is WAITING and was to be cancelled, and counts it in its batch."""
    left = me.seen if me.todo is None else me.todo
    for number, task in enumerate(left):
        me.todo = left[number:]
        if world.is_locked(me, task):
            return WAIT
        if not is_cancelled(world.row(me, task)):
            continue
        if world.scenario.is_member(task) and follower(world, me) is not None:
            if not world.lock_batch(me):
                return WAIT
            me.batch = (world.batch_seen(me) or 0) + 1
        world.put(me, task, None)
        result(me, task, "cancelled")
        touches(world, me, task)
        ends_member(world, me, task)
    return DONE


def is_cancelled(row):
    return row is not None and row.status == WAITING and row.cancel


def freed(world, me):
    """Rows that let go of their keys: FAILED ones, and in a loose order those that go back."""
    verdicts = {task: verdict for task, _, verdict in me.settles}
    return [
        task for task, what in me.results
        if what == "settled" and world.scenario.key(task) is not None
        and (verdicts.get(task) == "fail" or world.scenario.loose and verdicts.get(task) in ("retry", "release"))
    ]


@statement("lock_free", needed=freed)
def lock_free(world, me):
    for task in freed(world, me):
        row = world.row(me, task)
        if row and row.place == HOLDER and (row.status == FAILED or row.status == WAITING and row.crashes == 0):
            world.put(me, task, row._replace(place=OPEN))
    return DONE


def firsts_behind(world, me):
    """Of each key that nobody holds, the first that waits behind."""
    chosen = []
    for key in range(world.scenario.keys):
        rows = keyed_rows(world, me, key)
        if me.touched >> key & 1 and all(row.place != HOLDER for _, row in rows):
            chosen += [task for task, row in rows if row.status == WAITING and row.place == BEHIND][:1]
    return chosen


@statement("lock_promote", needed=lambda world, me: me.touched, sees=firsts_behind)
def lock_promote(world, me):
    for task in me.seen:
        if world.is_locked(me, task):
            return WAIT
        row = world.row(me, task)
        if row and row.status == WAITING and row.place == BEHIND:
            world.put(me, task, row._replace(place=OPEN))
    return DONE


# --- batches


def follower(world, me):
    for task, row in world.rows_seen(me):
        if row.after and row.status == WAITING:
            return task
    return None


def members_open(world, me, states=(WAITING, PROCESSING)):
    return [task for task, row in world.rows_seen(me) if world.scenario.is_member(task) and row.status in states]


@statement("add_follow_ups", needed=lambda world, me: follow_ups(world, me))
def add_follow_ups(world, me):
    for task in follow_ups(world, me):
        world.put(me, task, Row())
    return DONE


def follow_ups(world, me):
    """Tasks that are to follow on one that is settled with this."""
    settled = {task for task, what in me.results if what == "settled"}
    return [
        task for task, attributes in enumerate(world.scenario.tasks)
        for by, _, verdict in me.settles
        if verdict == "add" and by in settled and attributes.get("follows") == by and world.row(me, task) is None
    ]


def somebody_waits(world, me):
    if "the batch is looked at on the old snapshot" in world.scenario.mutants:
        me.old = len(members_open(world, me))
    if "a batch's states are looked at one after the other" in world.scenario.mutants:
        me.old = len(members_open(world, me, (WAITING,)))
    return [follower(world, me)] if follower(world, me) is not None else []


@statement("batch_count", needed=lambda world, me: me.ends >= 0, sees=somebody_waits)
def batch_count(world, me):
    """Counts the ends, if somebody waits; holds the batch's row until the end of the transaction."""
    if me.seen:
        if not world.lock_batch(me):
            return WAIT
        me.batch = (world.batch_seen(me) or 0) + me.ends
    return DONE


@statement("batch_over", needed=lambda world, me: me.ends >= 0,
           sees=lambda world, me: followers_over(world, me))
def batch_over(world, me):
    """The followers of a batch with no open task; both NOT EXISTS look at one snapshot."""
    free = []
    for task in me.seen:
        if world.is_locked(me, task):
            continue  # SKIP LOCKED
        row = world.row(me, task)
        if row and row.after and row.status == WAITING:
            me.locks |= 1 << task
            free.append(task)
    me.over = tuple(free)
    return DONE


def followers_over(world, me):
    task = follower(world, me)
    if task is None or world.batch_seen(me) is None:
        return []
    count = len(members_open(world, me))
    if "the batch is looked at on the old snapshot" in world.scenario.mutants:
        count = me.old
    if "a batch's states are looked at one after the other" in world.scenario.mutants:
        count = me.old + len(members_open(world, me, (PROCESSING,)))
    return [] if count else [task]


@statement("batch_any_over", needed=lambda world, me: me.ends >= 0)
def batch_any_over(world, me):
    """Whether more followers are over than were locked: then the run looks again."""
    me.follower_passed = len(followers_over(world, me)) > len(me.over)
    return DONE


@statement("batch_release", needed=lambda world, me: me.over)
def batch_release(world, me):
    for task in me.over:
        row = world.row(me, task)
        world.put(me, task, row._replace(after=False))
        still = [
            other for other, row in enumerate(world.rows)
            if world.scenario.is_member(other) and row and row.status in (WAITING, PROCESSING)
            and other not in dict(me.writes)
        ]
        if still:
            raise Violation("a follower is released although its batch is open")
    me.holds_batch, me.batch = True, ()
    return DONE


# --- claim


def plain(world, task):
    return world.scenario.key(task) is None


@statement("crashed", needed=lambda world, me: me.claims and not me.quick and (world.scenario.kills or world.scenario.leases),
           sees=lambda world, me: [
               task for task, row in world.rows_seen(me)
               if row.status == WAITING and row.crashes and not row.after and (plain(world, task) or row.place == HOLDER)
           ][: me.claims])
def crashed(world, me):
    """Locks rows whose runs died."""
    found = []
    for task in me.seen:
        row = world.row(me, task)
        if not world.is_locked(me, task) and row and row.status == WAITING and row.crashes:
            me.locks |= 1 << task
            found.append(task)
        else:
            me.passed = True
    me.crashed = tuple(found)
    return DONE


@statement("expire", needed=lambda world, me: (me.claims or me.quota == 0) and not me.quick and world.scenario.expires,
           sees=lambda world, me: [
               task for task, row in world.rows_seen(me) if row.status == WAITING and row.attempts == 0 and row.late
           ][: world.scenario.expire_limit])
def expire(world, me):
    """Makes rows FAILED that were not begun in time, but for locked ones, and those whose keys somebody has."""
    for task in me.seen:
        row = world.row(me, task)
        if world.is_locked(me, task) or not (row and row.status == WAITING and row.attempts == 0):
            me.passed = True
            continue
        me.locks |= 1 << task
        key = world.scenario.key(task)
        if key is not None and not world.try_key(me, key):
            me.passed = True
            continue
        world.put(me, task, row._replace(status=FAILED, place=OPEN))
        me.expired += (task,)
        touches(world, me, task)
        me.hasends = me.hasends or world.scenario.is_member(task)
    return DONE


def keyed_rows_open(world, me):
    chosen = [
        task for task, row in world.rows_seen(me)
        if not plain(world, task) and row.status == WAITING and not row.crashes and row.place != BEHIND
        and in_time(world, row)
    ]
    if "deciding on the old snapshot" in world.scenario.mutants:
        me.allowed = may_begin(world, me, chosen)
    return chosen


@statement("keyed", needed=lambda world, me: me.claims and not me.quick and world.scenario.keys, sees=keyed_rows_open)
def keyed(world, me):
    """Tries to lock the keys of the rows that are to be looked at, then locks the rows of those it got."""
    held = []
    for task in me.seen:
        if "no advisory lock" not in world.scenario.mutants and not world.try_key(me, world.scenario.key(task)):
            me.passed = True
            continue
        row = world.row(me, task)
        if world.is_locked(me, task) or not (row and row.status == WAITING and row.place != BEHIND):
            me.passed = True
            continue
        me.locks |= 1 << task
        held.append(task)
    me.held = tuple(held)
    me.allowed = tuple(task for task in me.allowed if task in held)
    return DONE


def in_time(world, row):
    """Each claim asks itself, for what has expired may not have been found, or was locked when it was looked for."""
    return not row.late or row.attempts > 0 or "an expired row is claimed" in world.scenario.mutants


def may_begin(world, me, asked):
    """A retry that holds its key may; of the others the first of its key, where nobody holds it."""
    allowed = []
    for task in asked:
        rows = keyed_rows(world, me, world.scenario.key(task))
        waiting = [other for other, row in rows if row.status == WAITING]
        holders = [other for other, row in rows if row.place == HOLDER]
        if task in holders or (not holders and waiting and task == waiting[0]):
            allowed.append(task)
    return tuple(allowed)


@statement("keyed_decide", needed=lambda world, me: me.held)
def keyed_decide(world, me):
    """A statement of its own behind the one that locks, so with a snapshot that has what others have committed."""
    if "deciding on the old snapshot" not in world.scenario.mutants:
        me.allowed = may_begin(world, me, me.held)
    for task in me.held:
        if task not in me.allowed:
            world.put(me, task, world.row(me, task)._replace(place=BEHIND))
    return DONE


def knows_tables(world):
    """Each claim asks whether the tables are newer than the program."""
    return not world.newer or "old runs claim from newer tables" in world.scenario.mutants


def may_take(world, me, task, row):
    if row is None or row.status != WAITING or row.after:
        return False
    if not in_time(world, row):
        return False
    return task in me.allowed or task in me.crashed or (plain(world, task) and not row.crashes)


@statement("claim_from_lane", needed=lambda world, me: me.claims,
           sees=lambda world, me: [
               task for task, row in world.rows_seen(me) if may_take(world, me, task, row) and knows_tables(world)
           ])
def claim_from_lane(world, me):
    """Takes the first rows, but for those that others have locked."""
    for task in me.seen:
        if len(me.taken) >= min(me.claims, me.quota):
            break
        row = world.row(me, task)
        if world.is_locked(me, task) or not may_take(world, me, task, row):
            me.passed = True
            continue
        if row.late and row.attempts == 0:
            raise Violation("an expired task is begun")
        row = row._replace(
            status=PROCESSING, attempts=row.attempts + 1, claim=row.claim + 1, owner=me.who, live=True,
            place=row.place if plain(world, task) else HOLDER,
        )
        world.put(me, task, row)
        me.taken += ((task, row.claim),)
    return DONE


# --- limits


@statement("lock_limits")
def lock_limits(world, me):
    if any(one.holds_limit for one in world.others(me)):
        return WAIT
    me.holds_limit = True
    return DONE


def limit_seen(world, me):
    return me.limit if me.limit is not None else world.limit


def moment(world, me):
    """The moment to go by: read behind the lock; now() is the moment of BEGIN."""
    return me.began if "the moment is read before the lock" in world.scenario.mutants else world.clock


def is_this_minute(world, me):
    began = limit_seen(world, me)[1]
    # One in the future is taken for a clock that was put back.
    return began is not None and began <= moment(world, me)


@statement("quota")
def quota(world, me):
    running, per_minute = world.scenario.limit
    begun = limit_seen(world, me)[0] if is_this_minute(world, me) else 0
    in_hand_now = sum(1 for _, row in world.rows_seen(me) if row.status == PROCESSING)
    me.quota = max(0, min(running - in_hand_now, per_minute - begun))
    me.claims = min(me.claims, me.quota)
    return DONE


@statement("count_begun", needed=lambda world, me: me.taken)
def count_begun(world, me):
    begun, began = limit_seen(world, me)
    if not is_this_minute(world, me):
        begun, began = 0, moment(world, me)
    me.limit = (begun + len(me.taken), began)
    return DONE


# --- renew, give back, recover


@statement("renew", sees=lambda world, me: [
    one for one in me.known if in_hand(world.row(me, one[0]), one[1])
])
def renew(world, me):
    for task, claim in me.seen:
        row = world.row(me, task)
        if not world.is_locked(me, task) and in_hand(row, claim):
            world.put(me, task, row._replace(live=True))
    return DONE


@statement("held", sees=lambda world, me: [
    task for task, row in world.rows_seen(me)
    if row.status == PROCESSING and row.owner == me.who and (task, row.claim) not in me.known
])
def held(world, me):
    """Locks what this run holds but does not know of."""
    found = []
    for task in me.seen:
        row = world.row(me, task)
        if not world.is_locked(me, task) and row and row.status == PROCESSING and row.owner == me.who:
            me.locks |= 1 << task
            found.append((task, row.claim, "release"))
        else:
            me.passed = True
    me.settles = tuple(found)
    return DONE


@statement("abandoned", sees=lambda world, me: [
    task for task, row in world.rows_seen(me)
    if row.status == PROCESSING and (row.owner in me.dead or not row.live)
])
def abandoned(world, me):
    """Locks the rows of dead runs, and those whose leases are over."""
    found = []
    for task in me.seen:
        row = world.row(me, task)
        if not world.is_locked(me, task) and row and row.status == PROCESSING and (row.owner in me.dead or not row.live):
            me.locks |= 1 << task
            fails = row.crashes + 1 >= world.scenario.crash_limit and not row.cancel
            verdict = "fail" if fails else "release"
            found.append((task, row.claim, verdict))
    me.settles = tuple(found)
    return DONE


def taken_over(world, row, verdict):
    return row._replace(
        status=FAILED if verdict == "fail" else WAITING, crashes=row.crashes + 1, owner=NOBODY, live=False
    )


@statement("take_over", needed=lambda world, me: me.settles, sees=lambda world, me: me.settles)
def take_over(world, me):
    came = writes_back(world, me, me.seen if me.todo is None else me.todo)
    return "recover_giving_way" if came == "equal" else came


@statement("take_over_one", needed=lambda world, me: left_to_go_back(me), sees=lambda world, me: left_to_go_back(me))
def take_over_one(world, me):
    return settle_update_one(world, me)


@statement("lost")
def lost(world, me):
    """Which proofs no longer hold."""
    for task, claim in me.known:
        if not in_hand(world.row(me, task), claim):
            result(me, task, "lost")
    return DONE


@statement("renew_and_lost")
def renew_and_lost(world, me):
    me.seen = [one for one in me.known if in_hand(world.row(me, one[0]), one[1])]
    renew(world, me)
    return lost(world, me)


# --- what people do


@statement("result_request_cancel")
def result_request_cancel(world, me):
    row = world.row(me, me.task)
    if row is None or row.status == FAILED:
        return DONE
    if world.is_locked(me, me.task):
        return WAIT
    world.put(me, me.task, row._replace(cancel=True))
    if row.status == WAITING:
        touches(world, me, me.task)
        ends_member(world, me, me.task)
    return DONE


@statement("delete")
def delete(world, me):
    row = world.row(me, me.task)
    if row is None or row.status == PROCESSING:
        return DONE
    if world.is_locked(me, me.task):
        return WAIT
    world.put(me, me.task, None)
    result(me, me.task, "deleted")
    ends_member(world, me, me.task)
    return DONE


@statement("retry_these", sees=lambda world, me: [
    me.task for row in [world.row(me, me.task)] if row and row.status == FAILED
])
def retry_these(world, me):
    """Locks the FAILED rows."""
    for task in me.seen:
        if world.is_locked(me, task):
            return WAIT
        row = world.row(me, task)
        if row and row.status == FAILED:
            me.locks |= 1 << task
            result(me, task, "chosen")
    return DONE


@statement("retry", needed=lambda world, me: going_back(me), sees=lambda world, me: [
    task for task in going_back(me) if not world.equals(me, task)
])
def retry(world, me):
    """Sends them back, where no equal one waits."""
    for task in me.seen:
        row = world.row(me, task)
        if task not in dict(me.writes):
            row = Row(claim=row.claim, place=OPEN if row.place == BEHIND else row.place)
        says = write_waiting(world, me, task, row)
        if says == "wait":
            return WAIT
        if says == "equal":
            return "retry"  # undone, and asked again
        result(me, task, "retried")
    return DONE


@statement("touch")
def touch(world, me):
    """UPDATE of a column that the protocol does not look at, by anybody."""
    row = world.row(me, me.task)
    if row is None:
        return DONE
    if world.is_locked(me, me.task):
        return WAIT
    world.put(me, me.task, row)
    return DONE


@statement("insert")
def insert(world, me):
    """INSERT … ON CONFLICT DO NOTHING, by anybody; a row with a key that is new is to be looked at."""
    says = world.index_says(me, me.task)
    if says == "wait":
        return WAIT
    if says == "free":
        world.put(me, me.task, Row())
    return DONE


@statement("batch_ended", sees=lambda world, me: [
    task for task in [follower(world, me)] if task is not None and not members_open(world, me)
])
def batch_ended(world, me):
    if me.seen:
        me.ends = 0
    return DONE


@statement("commit")
def commit(world, me):
    properties.at_commit(world, me)
    world.commit(me)
    return DONE
