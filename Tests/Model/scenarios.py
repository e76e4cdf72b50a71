"""What is gone through: which tasks there are, what may happen to them, and which changes have to be found out."""


import copy


class Scenario:
    """One world to be gone through.

    Tasks are dictionaries, numbered from 1 in what is printed: `key` and `dedupe` (their lock and dedupe keys, as numbers), `member`
    (of the batch), `after` (waits for the batch), `late` (has expired), `expires` (will, as the clock moves on), `later`
    (is inserted by hand), `follows` (is added by the task with this number).
    """

    def __init__(self, name, tasks, *, runs=2, slots=1, verdicts=("ok",), kills=0, cuts=0, leases=0, ticks=0, migrations=0, by_hand=(),
                 loose=False, limit=None, max_attempts=2, max_claims=3, crash_limit=3, expire_limit=99, gaps="all",
                 quick=False, renews=0, looks=0, attentive=False, whole=False, mutants=(), database="PostgreSQL"):
        self.name, self.tasks, self.runs, self.slots, self.verdicts = name, tasks, runs, slots, verdicts
        self.kills, self.cuts, self.leases, self.ticks, self.migrations = kills, cuts, leases, ticks, migrations
        self.loose, self.limit, self.max_attempts, self.max_claims = loose, limit, max_attempts, max_claims
        self.crash_limit, self.expire_limit, self.quick = crash_limit, expire_limit, quick
        self.mutant = None
        self.attentive, self.whole = attentive, whole
        self.renews, self.looks, self.mutants, self.database = renews, looks, frozenset(mutants), database
        self.gaps = GAPS if gaps == "all" else frozenset(gaps)
        # An INSERT by hand is always among the actions.
        inserts = tuple(("insert", task) for task, one in enumerate(tasks) if one.get("later"))
        self.by_hand = tuple((what, task - 1) for what, task in by_hand) + inserts
        self.keys = 1 + max((one["key"] for one in tasks if one.get("key") is not None), default=-1)
        self.expires = any(one.get("late") or one.get("expires") for one in tasks)
        self._keys = [one.get("key") for one in tasks]
        self._dedupes = [one.get("dedupe") for one in tasks]
        self._members = [bool(one.get("member")) for one in tasks]
        retried = {task for what, task in self.by_hand if what == "retry"}
        self._late = [bool(one.get("later") or "follows" in one or one.get("late") or one.get("expires")) or task in retried
                      for task, one in enumerate(tasks)]

    def on_sqlite(self):
        other = copy.copy(self)
        other.database, other.gaps, other.name = "SQLite", frozenset(), f"SQLite: {self.name}"
        return other

    def with_mutant(self, mutant):
        """The same world, in which the protocol is changed."""
        other = copy.copy(self)
        other.mutants, other.mutant = frozenset([mutant]), mutant
        other.name = f"{mutant} ({self.name})"
        return other

    def key(self, task):
        return self._keys[task]

    def dedupe(self, task):
        return self._dedupes[task]

    def is_member(self, task):
        return self._members[task]

    def may_come_late(self, task):
        return self._late[task]


# Statements between whose snapshot and whose locks others may commit.
GAPS = frozenset("""
    lock_promote batch_count batch_over crashed expire keyed claim_from_lane held abandoned retry_these equal_keys equal_remove give_way retry
""".split())

PLAIN, NEW = {}, {"later": True}
KEYED, KEYED_NEW = {"key": 0}, {"key": 0, "later": True}
EQUAL, EQUAL_NEW = {"dedupe": 0}, {"dedupe": 0, "later": True}
MEMBER, FOLLOWER = {"member": True}, {"after": True}

SCENARIOS = [
    Scenario("plain: a run is killed", [PLAIN, NEW], verdicts=("ok", "retry"), kills=1, max_claims=2,
             gaps=("abandoned", "claim_from_lane")),
    Scenario("plain: a lease ends", [PLAIN, NEW], verdicts=("ok", "retry"), leases=1, max_claims=2, gaps=()),
    Scenario("plain: a run is killed, a lease ends", [PLAIN], verdicts=("ok", "retry", "release"), kills=1, leases=1),
    Scenario("plain: an answer is lost", [PLAIN, NEW], verdicts=("ok", "retry"), cuts=1),
    Scenario("plain: leases are renewed", [PLAIN, NEW], leases=1, kills=1, renews=1, max_claims=2, gaps=()),
    Scenario("plain: three runs", [PLAIN, NEW], runs=3, kills=1, gaps=("claim_from_lane",)),
    Scenario("plain: a row is locked by hand", [PLAIN, NEW], attentive=True, by_hand=(("touch", 1),)),
    Scenario("plain: the tables are migrated", [PLAIN, NEW], migrations=1),
    Scenario("key: the tables are migrated", [KEYED, KEYED_NEW], migrations=1),
    Scenario("key: a second comes", [KEYED, KEYED_NEW], attentive=True),
    Scenario("key: a line of three, a run is killed", [KEYED, KEYED, KEYED_NEW], verdicts=("ok", "fail"), kills=1,
             gaps=("lock_promote", "keyed")),
    Scenario("key: retried, a lease ends", [KEYED, KEYED_NEW], verdicts=("ok", "retry"), leases=1, max_claims=2,
             gaps=("lock_promote", "keyed")),
    Scenario("key: released", [KEYED, KEYED_NEW], verdicts=("ok", "release"), max_claims=2),
    Scenario("key: a loose order, a run is killed", [KEYED, KEYED_NEW], verdicts=("ok", "retry"), loose=True, kills=1),
    Scenario("key: cancelled by hand", [KEYED, KEYED_NEW], verdicts=("ok", "retry"), by_hand=(("cancel", 1),),
             max_claims=2, gaps=("lock_promote", "keyed")),
    Scenario("key: deleted by hand", [KEYED, KEYED, KEYED_NEW], by_hand=(("delete", 2),), gaps=("lock_promote", "keyed")),
    Scenario("key: FAILED and sent back by hand", [KEYED, KEYED_NEW], verdicts=("ok", "fail"), by_hand=(("retry", 1),)),
    Scenario("key: the first two have expired", [{"key": 0, "late": True}, {"key": 0, "late": True}, KEYED_NEW]),
    Scenario("key: the second expires meanwhile", [KEYED, {"key": 0, "expires": True}, KEYED_NEW], ticks=1,
             gaps=("lock_promote", "keyed", "expire")),
    Scenario("key: an answer is lost", [KEYED, KEYED_NEW], verdicts=("ok", "retry"), cuts=1),
    Scenario("key: two keys, two slots", [KEYED, {"key": 1}, KEYED_NEW, {"key": 1}], slots=2, gaps=("keyed",)),
    Scenario("equal: the first is retried while the second comes", [EQUAL, EQUAL_NEW], verdicts=("ok", "retry")),
    Scenario("equal: a run is killed", [EQUAL, EQUAL_NEW], verdicts=("ok", "retry"), kills=1),
    Scenario("equal: with a lock key, a lease ends", [{"dedupe": 0, "key": 0}, {"dedupe": 0, "key": 0, "later": True}],
             verdicts=("ok", "retry"), leases=1, gaps=("lock_promote", "keyed")),
    Scenario("equal: FAILED and sent back by hand", [EQUAL, EQUAL_NEW], verdicts=("ok", "fail"), by_hand=(("retry", 1),)),
    Scenario("equal: two pairs are put back crosswise",
             [{"dedupe": 0}, {"dedupe": 1}, {"dedupe": 0, "later": True}, {"dedupe": 1, "later": True}],
             slots=2, verdicts=("retry",), max_claims=1, max_attempts=3, gaps=(), whole=True),
    Scenario("batch: two members, a run is killed", [MEMBER, MEMBER, FOLLOWER], verdicts=("ok", "fail"), kills=1,
             max_claims=2, gaps=("batch_count", "batch_over")),
    Scenario("batch: a member is retried", [MEMBER, MEMBER, FOLLOWER], verdicts=("ok", "retry"), max_claims=2,
             gaps=("batch_over",)),
    Scenario("batch: follow-ups keep it open",
             [MEMBER, MEMBER, FOLLOWER, {"member": True, "follows": 0}, {"member": True, "follows": 1}],
             verdicts=("ok", "add"), gaps=("batch_count", "batch_over")),
    Scenario("batch: members are cancelled and deleted by hand", [MEMBER, MEMBER, FOLLOWER], verdicts=("ok", "retry"),
             by_hand=(("cancel", 1), ("delete", 2)), max_claims=1, gaps=("batch_count", "batch_over")),
    Scenario("batch: the follower is cancelled by hand", [MEMBER, FOLLOWER], by_hand=(("cancel", 2),)),
    Scenario("batch: the follower is locked by hand", [MEMBER, FOLLOWER], by_hand=(("touch", 2),)),
    Scenario("batch: with a lock key, cancelled by hand",
             [{"member": True, "key": 0}, {"member": True, "key": 0}, FOLLOWER], verdicts=("ok", "retry"),
             by_hand=(("cancel", 2),), gaps=("batch_count", "batch_over", "lock_promote")),
    Scenario("batch: an answer is lost", [MEMBER, FOLLOWER], verdicts=("ok", "retry"), cuts=1),
    Scenario("expired: claimed from a lane that is known", [{"late": True}, {"late": True}, NEW], quick=True, expire_limit=1),
    Scenario("expired: while a run claims", [{"expires": True}, PLAIN, NEW], ticks=1, quick=True),
    Scenario("limit: one a minute, three runs", [PLAIN, PLAIN, NEW], runs=3, limit=(9, 1), ticks=2, gaps=()),
    Scenario("limit: one at once", [PLAIN, PLAIN, NEW], limit=(1, 9), kills=1, gaps=("abandoned",)),
]

# The same on SQLite; connections to a file are not cut.
SCENARIOS += [one.on_sqlite() for one in SCENARIOS if not one.cuts]

# A change of the protocol, the scenario that has to find it out, and what is found. Most were once the protocol.
MUTANTS = [
    ("no advisory lock", "key: a second comes"),
    ("deciding on the old snapshot", "key: a second comes"),
    ("no fence", "plain: a lease ends"),
    ("claims are given back once, before the settle", "plain: an answer is lost"),
    ("the batch is looked at on the old snapshot", "batch: follow-ups keep it open"),
    ("a batch's states are looked at one after the other", "batch: a member is retried"),
    ("a key that is kept is not locked", "key: cancelled by hand"),
    ("batches are locked before keys", "batch: with a lock key, cancelled by hand"),
    ("lines are led on before the key is locked", "key: a second comes"),
    ("what is passed over is looked at by nobody", "batch: the follower is locked by hand"),
    ("what is passed over is looked at by nobody", "plain: a row is locked by hand"),
    ("an expired row is claimed", "expired: claimed from a lane that is known"),
    ("the older equal task is kept", "equal: the first is retried while the second comes"),
    ("equal tasks are put back without a lock", "equal: two pairs are put back crosswise"),
    ("equal tasks that wait are waited for", "equal: two pairs are put back crosswise"),
    ("old runs claim from newer tables", "plain: the tables are migrated"),
    ("the moment is read before the lock", "limit: one a minute, three runs"),
    ("the moment is read before the lock", "SQLite: limit: one a minute, three runs"),
    ("no fence", "SQLite: plain: a lease ends"),
    ("an expired row is claimed", "SQLite: expired: claimed from a lane that is known"),
    ("the older equal task is kept", "SQLite: equal: the first is retried while the second comes"),
]

BY_NAME = {one.name: one for one in SCENARIOS}
