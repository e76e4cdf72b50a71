"""The names of the SQLite store's statements: those of their files, in the words of the pipelines."""
import glob
import os
import re

STATEMENTS = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "Sources", "SQLiteStore", "SQL", "*", "*.sql"
)

# File: name in the pipelines. Several files may be one statement to the model. A file that is not here goes by its text.
NAMES = {
    "history_add": "history_add", "history_of_row": "history_of_row", "failure_add": "failure_add",
    "failure_trim": "failure_trim", "history_prune": "history_prune", "failure_prune": "failure_prune",
    "abandoned": "abandoned", "any_expired": "lock_anyExpired", "any_open": "lock_anyOpen",
    "any_trigger": "anyTrigger", "claim": "claim", "count_begun": "limit_count",
    "count_ends": "batch_count", "count_failed": "countFailed", "count_held": "countHeld", "crashed": "crashed",
    "cut": "cut", "delete": "delete", "delete_all": "deleteAll", "delete_cancelled": "result_deleteCancelled",
    "drop_results": "result_drop", "ended": "batch_ended", "equal_of": "equal_equal", "expire": "lock_expire",
    "fail": "fail", "failed": "batch_failed", "far": "far", "forget_batch": "batch_forget",
    "forget_deserted": "batch_forgetDeserted", "forget_stuck": "stuck_forget", "free": "lock_free",
    "free_failed": "lock_freeFailed", "give_way": "equal_giveWay", "head_of_keyed_lane": "head_of_lane",
    "head_of_lane": "head_of_lane", "held": "held", "hold": "lock_hold", "id_of_token": "result_idOfToken",
    "is_allowed": "lock_isAllowed", "holds_claim": "holdsClaim", "keep": "result_keep",
    "keep_cancelled": "result_keepCancelled", "keep_failed": "result_keepFailed",
    "keep_given_way": "result_keepGivenWay", "least_version": "schema_newer", "make_due": "batch_release",
    "mark_behind": "lock_markBehind", "next_failed": "equal_nextFailed", "next_keyed_priority": "next_lane",
    "next_keyed_queue": "next_lane", "next_priority": "next_lane", "next_queue": "next_lane",
    "note_stuck": "stuck_note", "older_than_failed": "equal_olderThanFailed", "over": "batch_over", "owners": "owners",
    "paused_queues": "pausedQueues", "progress": "result_progress", "promote": "lock_promote",
    "prune": "result_prune", "quota": "limit_quota", "release": "release",
    "remove": "desk_delete", "remove_limit": "limit_remove", "remove_older": "equal_remove", "renew": "renew",
    "request_cancel": "result_requestCancel", "result": "result_result", "retry": "retry", "send_back": "equal_retry",
    "set_budget": "setBudget", "set_limit": "limit_set", "show": "desk_show", "stuck": "stuck_some",
    "tables": "schema_tables", "take_over": "takeOver",
}

# What is no file.
OTHERS = [
    (r"INSERT INTO tasks", "desk_add"), (r"BEGIN IMMEDIATE", "begin"), (r"COMMIT", "commit"), (r"ROLLBACK TRANSACTION TO SAVEPOINT|ROLLBACK TO", "undo"),
    (r"ROLLBACK", "rollback"), (r"SAVEPOINT", "mark"), (r"RELEASE SAVEPOINT", "keep"), (r"PRAGMA", "pragma"),
    (r"BEGIN", "begin_read"),
]


def plain(sql):
    """Without comments, and with one space between words."""
    return re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", sql)).strip()


def files():
    """The name of each statement by its text; ends where a file of the list is not there."""
    found, missing = {}, set(NAMES)
    for path in glob.glob(STATEMENTS):
        stem = os.path.basename(path)[: -len(".sql")]
        missing.discard(stem)
        with open(path, encoding="utf-8") as file:
            text = plain(file.read())
        found[text] = NAMES.get(stem, text[:70])
    if missing:
        raise SystemExit(f"names.py: no file of Sources/SQLiteStore/SQL is called {', '.join(sorted(missing))}")
    return found


class Names:
    def __init__(self):
        self.files, self.known = files(), {}

    def name(self, sql):
        if sql not in self.known:
            self.known[sql] = self._find(plain(sql))
        return self.known[sql]

    def _find(self, sql):
        if sql in self.files:
            return self.files[sql]
        return next((name for start, name in OTHERS if re.match(start, sql)), sql[:70])
