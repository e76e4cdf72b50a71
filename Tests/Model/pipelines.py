"""What a run and the commands send, in this order. The one place where the order stands.

A line is one exchange: its statements travel together, and the next line begins when their answers are there. The names
are those of the statements in Sources/PostgreSQLStore. Signs, as in a regular expression:

    name?   sent only where there is something for it        name+   more than once, too
    ( … )?  all of these or none                             ( … )*  again and again
    a/b     one of them                                      ;       the end of a transaction, and the begin of the next
    ~name   sent, and undone before what follows

The model walks along these lists, and `server/order.py` compares them with what the built program sends.
"""

# Locks, in this order: own rows, groups of equal tasks, lock keys, rows that are in nobody's hand, batches.
ENDS = "lock_keys? result_keep_failed? result_remove_cancelled? lock_free? lock_promote?"

BATCH = "batch_count? batch_over? batch_any_over? batch_failed? mark? batch_release? keep? batch_forget?"

FOLLOW_UPS = "haste/less_haste? add_follow_ups+? no_haste?"

# First the looks, which lock; then the decision, in a statement behind them; then the taking.
CLAIM = """
    crashed? expire? keyed? lanes/more_lanes? more_lanes+?
    lock_promote? result_keep_failed? keyed_decide?
    claim_from_lane/claim_from_lanes+? schema_newer?
"""

POSTGRESQL = {
    "settle": f"""
        begin? result_keep? settle_delete? settle_lock? settle_update? {ENDS}
        {FOLLOW_UPS}
        {BATCH}
        {CLAIM}
        commit?
    """,
    # Where a row that goes back meets an equal one, all is undone. Of equal rows the newest stays.
    "settle_giving_way": f"""
        begin
        result_keep? settle_delete? settle_lock? equal_keys
        ( mark equal_remove give_way settle_update keep / mark equal_remove give_way settle_update undo keep )*
        {ENDS}
        {FOLLOW_UPS}
        {BATCH}
        {CLAIM}
        commit
    """,
    # Rows of the limits first: runs that claim within them do so one after the other, and read the moment behind them.
    "claim_within": f"""
        begin lock_limits quota
        {CLAIM}
        count_begun? commit
    """,
    "renew": "renew lost commit?",
    "give_back": f"""
        lost_transactions ;
        begin held
        mark? settle_lock? settle_update? {ENDS} keep?
        {BATCH}
        any_held commit
    """,
    "give_back_giving_way": f"""
        lost_transactions ;
        begin held ~mark ~settle_lock ~settle_update ~undo ~keep
        settle_lock? equal_keys
        ( mark equal_remove give_way settle_update keep / mark equal_remove give_way settle_update undo keep )*
        {ENDS}
        {BATCH}
        any_held commit
    """,
    "recover": f"""
        begin patience cut_leases abandoned
        settle_lock? mark? take_over? keep?
        {ENDS}
        {BATCH}
        commit/rollback
    """,
    "recover_giving_way": f"""
        begin patience cut_leases abandoned
        settle_lock ~mark ~take_over ~undo ~keep equal_keys
        ( mark equal_remove give_way take_over keep / mark equal_remove give_way take_over undo keep )*
        {ENDS}
        {BATCH}
        commit
    """,
    "end_batches": f"""
        batch_ended batch_any_deserted ;
        begin patience
        {BATCH}
        commit
    """,
    "cancel": f"""
        begin less_haste result_request_cancel commit ;
        begin patience {ENDS}
        {BATCH}
        there result_results commit
    """,
    "delete": f"""
        lock_keys_of ;
        begin patience lock_keys? delete lock_promote?
        {BATCH}
        commit
    """,
    "retry": f"""
        begin patience retry_these
        settle_lock? equal_keys? equal_remove_for_failed? retry
        lock_keys? drop_results? lock_promote?
        {BATCH}
        commit
    """,
    # By anybody, at any moment; in no pipeline of ours.
    "insert": "insert commit",
    "touch": "touch commit",
}

# Changes of an order that have to be found out: what stands there, and what would stand there instead.
CHANGED_ORDERS = {
    "batches are locked before keys": ("settle", [(ENDS, ""), (BATCH, BATCH + " " + ENDS)]),
    "lines are led on before the key is locked": ("settle", [(ENDS, "result_remove_cancelled? lock_free? lock_promote? lock_keys?")]),
}


def changed(texts, mutant):
    """The pipelines with a change of their order."""
    texts = dict(texts)
    if mutant in CHANGED_ORDERS:
        name, changes = CHANGED_ORDERS[mutant]
        for old, new in changes:
            assert old in texts[name], f"{name} has no {old}"
            texts[name] = texts[name].replace(old, new)
    return texts


# --- SQLite: each is one transaction, begun IMMEDIATE; names are those of names.py.

PUT_BACK = """
    result_keepGivenWay? equal_remove? lock_promote? retry/fail/release? result_keepGivenWay? equal_giveWay?
    result_keepCancelled? result_deleteCancelled? lock_promote? batch_count?
"""

SETTLE = f"""
    ( result_keep )*
    ( delete / mark deleteAll keep / mark deleteAll undo keep )*
    ( retry/fail/release equal_equal? {PUT_BACK} )*
    ( lock_free? lock_promote )*
"""

FREE_FOLLOWERS = "( batch_over / batch_failed / mark batch_release keep / batch_forget )*"

# Nothing is claimed from tables that are newer than the program; rows are chosen, then taken as far as the bytes go.
TAKE = """
    schema_newer? lock_expire? ( lock_promote )* ( result_keepFailed )*
    crashed? ( lock_isAllowed )* lock_markBehind? ( setBudget claim )? lock_hold?
"""

SQLITE = {
    "settle": f"begin {SETTLE} ( desk_add )* ( batch_count )* {FREE_FOLLOWERS} {TAKE} commit",
    "claim_within": f"begin schema_newer? limit_quota+ {TAKE} ( limit_count )* commit",
    "renew": "begin renew+ commit",
    "give_back": f"begin held {SETTLE} ( batch_count )* {FREE_FOLLOWERS} commit",
    "recover": f"""
        begin schema_newer? cut? abandoned
        ( takeOver equal_equal? result_keepGivenWay? equal_remove? lock_promote? takeOver? equal_giveWay?
        result_keepCancelled? result_deleteCancelled? lock_promote? batch_count? result_keepFailed? lock_freeFailed? lock_promote? )*
        {FREE_FOLLOWERS} commit
    """,
    "end_batches": f"begin batch_forgetDeserted batch_ended {FREE_FOLLOWERS} commit",
    "cancel": f"""
        begin
        ( result_requestCancel result_keepCancelled? result_deleteCancelled? lock_promote? batch_count? batch_over? batch_failed? mark?
        batch_release? keep? batch_forget? )* commit
    """,
    "delete": f"begin desk_delete ( lock_promote )* {FREE_FOLLOWERS} commit",
    "retry": f"""
        begin equal_olderThanFailed ( result_keepGivenWay equal_remove lock_promote? )* equal_retry result_drop {FREE_FOLLOWERS} commit
    """,
    "insert": "insert commit",
    "touch": "touch commit",
}

# What a statement of SQLite does, in the words of PostgreSQL's; the others only look, or change nothing that the protocol looks at.
SQLITE_MEANS = {
    "delete": "settle_delete", "retry": "put_back", "result_deleteCancelled": "result_remove_cancelled", "lock_free": "lock_free",
    "lock_freeFailed": "lock_free", "lock_promote": "lock_promote", "desk_add": "add_follow_ups", "batch_count": "batch_count",
    "batch_over": "batch_over", "batch_release": "batch_release", "lock_expire": "expire", "crashed": "crashed",
    "lock_isAllowed": "keyed", "lock_markBehind": "keyed_decide", "claim": "claim_from_lane", "limit_quota": "quota",
    "limit_count": "count_begun", "renew": "renew_and_lost", "held": "held", "abandoned": "abandoned", "takeOver": "put_back",
    "batch_ended": "batch_ended", "result_requestCancel": "result_request_cancel", "desk_delete": "delete",
    "equal_olderThanFailed": "retry_these", "equal_remove": "equal_remove_for_failed", "equal_retry": "retry", "commit": "commit",
    "insert": "insert", "touch": "touch",
}

# --- how the lists are read

# Statements that change nothing which the protocol looks at, or only read what a later statement reads again.
QUIET = frozenset("""
    cut_leases more_lanes schema_newer
    begin result_keep result_keep_failed haste less_haste no_haste lanes batch_failed mark keep undo any_held lost_transactions
    patience there result_results batch_any_deserted lock_keys_of drop_results batch_forget rollback
""".split())


def meaning(name):
    return None if name in QUIET else name


def steps(pipeline, meaning=meaning):
    """The statements of a pipeline as the model does them: (name, place to go back to or None)."""
    found, start = [], None
    for word in pipeline.split():
        if word == "(":
            start = len(found)
        elif word == ")*":
            # Once for each row: the last step of a group leads back to its first.
            if len(found) > start:
                found[-1] = (found[-1][0], start)
            start = None
        elif word[0] == "~":
            continue
        elif word == ")?":
            start = None
        elif word not in ("/", ";"):
            name = meaning(word.strip("?+*").split("/")[0])
            if name is not None and (start is None or all(name != known for known, _ in found[start:])):
                found.append((name, None))
    return tuple(found)


def ends_of_exchanges(pipeline, meaning=meaning):
    """After which of the model's steps the client waits for answers: it must live for anything more to be sent."""
    places, count = set(), 0
    for line in pipeline.strip().splitlines():
        count += len(steps(line, meaning))
        places.add(count)
    return frozenset(places)


def pattern(pipeline):
    """A pipeline as a regular expression over names with a space behind each."""
    import re

    parts = []
    for word in pipeline.split():
        if word == "(":
            parts.append("(?:")
        elif word in (")?", ")*"):
            parts.append(")" + word[1])
        elif word == "/":
            parts.append("|")
        else:
            sign = word[-1] if word[-1] in "?+*" else ""
            more = sign == "?" and word[-2] == "+"
            names = word.lstrip("~").rstrip("?+*").split("/")
            one = "(?:" + "|".join(re.escape(name) + " " for name in names) + ")"
            parts.append(one + ("*" if more else sign))
    return re.compile("".join(parts))
