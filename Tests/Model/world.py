"""The table, the sessions and the runs: what there is, and which locks and snapshots PostgreSQL and SQLite have.

All of it is tuples, so that a state can be a key of a dictionary. A step takes a state apart (`World`), changes it and
puts it together again.
"""
from typing import NamedTuple

WAITING, PROCESSING, FAILED = "WAITING", "PROCESSING", "FAILED"
# tasks.lock_place: to be looked at, behind others of its key, holder of its key.
OPEN, BEHIND, HOLDER = 0, 1, 2
NOBODY, OPERATOR = -1, -2


class Violation(Exception):
    """A property does not hold."""


class Row(NamedTuple):
    """One row of `tasks`, as far as the protocol looks at it."""

    status: str = WAITING
    place: int = OPEN
    owner: int = NOBODY
    claim: int = 0
    attempts: int = 0
    crashes: int = 0
    live: bool = False  # lease_expires_at lies ahead
    cancel: bool = False
    after: bool = False  # after_batch is not null
    late: bool = False  # expires_at has come


class Session(NamedTuple):
    """One session of the server, with its transaction; its client may be gone."""

    who: int  # the run, or OPERATOR
    pipeline: str = ""
    place: int = 0  # the next statement
    client: bool = True  # somebody waits for the answer
    done: bool = False  # committed; the answer is on its way
    began: int = 0  # now(): the clock at BEGIN
    # What the transaction holds.
    writes: tuple = ()  # (task, row or None): not committed
    locks: int = 0  # rows, as bits
    keys: int = 0  # advisory locks, as bits
    batch: object = None  # the row in task_batches, changed and not committed; () is one that was removed
    holds_batch: bool = False
    limit: object = None
    holds_limit: bool = False
    # What the client knows, and what a statement has left to do.
    task: int = NOBODY
    settles: tuple = ()  # (task, claim number, verdict)
    claims: int = 0  # how many rows it wants
    known: tuple = ()  # proofs in this run's hand
    results: tuple = ()  # (task, result)
    seen: object = None  # rows that the statement's snapshot has chosen; None: it has not begun
    todo: object = None  # rows that a statement has still to write
    queue: tuple = ()  # not empty: the group of statements is done again
    held: tuple = ()  # rows with a lock key that are locked, and their keys
    crashed: tuple = ()
    allowed: tuple = ()
    expired: tuple = ()
    hasends: bool = False  # a member of the batch has expired
    touched: int = 0  # keys whose lines this transaction leads on
    ends: int = -1  # tasks of the batch that ended COMPLETE with this; -1: none of the batch's
    over: tuple = ()  # followers to be released
    quota: int = 99
    old: int = 0  # of a mutant: what an earlier snapshot had
    dead: tuple = ()
    taken: tuple = ()  # (task, claim number)
    passed: bool = False  # rows were passed over: somebody had them locked
    follower_passed: bool = False
    quick: bool = False  # claims from the lane it knows, and looks at nothing else


class Run(NamedTuple):
    """One run: what it believes."""

    alive: bool = True
    hand: tuple = ()  # (task, claim number, whether its lease lives as far as this run knows, how its handler ended)
    uncertain: bool = False  # an answer was lost
    begun: bool = False  # has done anything yet
    looks: int = 0  # how often it has looked at batches
    follows: bool = False  # a follower was passed over: it looks again
    content: bool = False  # its last claim brought nothing, and passed nothing over
    renews: int = 0


class State(NamedTuple):
    """Everything."""

    rows: tuple
    batch: object  # None, or how many ended
    limit: object  # None, or (begun, minute_began)
    clock: int
    sessions: tuple  # one of each run, then the operator's, then those whose clients are gone
    runs: tuple
    budget: tuple  # kills, cuts, leases that end, ticks of the clock, migrations
    asked: tuple  # which of the operator's actions are done
    done: tuple  # of each task: how often it was settled as done
    begun: tuple  # of each task: attempts that began and count
    minute: int  # how many began in this minute
    newer: bool = False  # the tables were migrated to a version that the runs do not know


class Acting:
    """A session that does a step: like `Session`, but it can be changed."""

    def __init__(self, session):
        # In the order of the fields, which the dictionary keeps.
        self.__dict__ = dict(zip(Session._fields, session))

    def frozen(self):
        return Session(*self.__dict__.values())


class World:
    """A state that is being changed by one step."""

    def __init__(self, scenario, state):
        self.scenario = scenario
        (rows, self.batch, self.limit, self.clock, sessions, runs, budget, asked, done, begun, self.minute, self.newer) = state
        self.rows, self.sessions, self.runs = list(rows), list(sessions), list(runs)
        self.budget, self.asked, self.done, self.begun = list(budget), list(asked), list(done), list(begun)

    def frozen(self):
        count = len(self.runs) + 1
        own, orphans = self.sessions[:count], [one for one in self.sessions[count:] if one is not None]
        if len(orphans) > 1:
            orphans.sort(key=repr)
        return State(
            tuple(self.rows), self.batch, self.limit, self.clock, tuple(own + orphans), tuple(self.runs),
            tuple(self.budget), tuple(self.asked), tuple(self.done), tuple(self.begun), self.minute, self.newer,
        )

    # --- what a session sees

    def row(self, me, task):
        """The newest version that this session sees: its own, or the committed one."""
        for number, row in me.writes:
            if number == task:
                return row
        return self.rows[task]

    def others(self, me):
        return [one for number, one in enumerate(self.sessions) if one is not None and number != self.acting]

    acting = -1

    def is_locked(self, me, task):
        bit = 1 << task
        for number, one in enumerate(self.sessions):
            if one is not None and one.locks & bit and number != self.acting:
                return True
        return False

    def rows_seen(self, me):
        """(task, row) of all rows that are there, in the order of their numbers."""
        own = dict(me.writes)
        seen = []
        for task, row in enumerate(self.rows):
            row = own.get(task, row)
            if row is not None:
                seen.append((task, row))
        return seen

    # --- writing

    def put(self, me, task, row):
        """A new version of a row, not committed."""
        writes = dict(me.writes)
        writes[task] = row
        me.writes = tuple(sorted(writes.items()))
        me.locks |= 1 << task

    def try_key(self, me, key):
        """pg_try_advisory_xact_lock."""
        bit = 1 << key
        if any(one.keys & bit for one in self.others(me)):
            return False
        me.keys |= bit
        return True

    def index_says(self, me, task):
        """tasks_dedupe, for a row that becomes WAITING: "free", "equal", or "wait" for a transaction that is open."""
        mine = self.scenario.dedupe(task)
        if mine is None:
            return "free"
        for other in range(len(self.rows)):
            if other == task or self.scenario.dedupe(other) != mine:
                continue
            for one in self.others(me):
                for number, row in one.writes:
                    if number == other:
                        before = self.rows[other]
                        if (row and row.status == WAITING) or (before and before.status == WAITING):
                            return "wait"
            row = self.row(me, other)
            if row and row.status == WAITING:
                return "equal"
        return "free"

    def equals(self, me, task):
        """The rows equal to this one that wait."""
        mine = self.scenario.dedupe(task)
        return [
            other for other, row in self.rows_seen(me)
            if other != task and mine is not None and self.scenario.dedupe(other) == mine and row.status == WAITING
        ]

    def batch_seen(self, me):
        return self.batch if me.batch is None else (None if me.batch == () else me.batch)

    def lock_batch(self, me):
        """The row of the batch in task_batches; False: somebody else has it."""
        if me.holds_batch:
            return True
        if any(one.holds_batch for one in self.others(me)):
            return False
        me.holds_batch = True
        return True

    # --- the end of a transaction

    def commit(self, me):
        for task, row in me.writes:
            self.rows[task] = row
        if me.batch is not None:
            self.batch = None if me.batch == () else me.batch
        if me.limit is not None:
            self.limit = me.limit
        self.release(me)

    def release(self, me):
        """Forgets what a transaction holds; without `commit` this is ROLLBACK."""
        me.writes, me.locks, me.keys = (), 0, 0
        me.batch, me.holds_batch, me.limit, me.holds_limit = None, False, None, False
