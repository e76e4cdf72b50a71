#!/usr/bin/env python3
"""Compares what the built program sends with the model's pipelines, statement by statement, as the server's log has them.

Usage: order.py TASKRUN. It fails where a transaction is none of those in pipelines.py, where a statement is unknown there, and where a
pipeline was not seen at all.
"""
import glob
import os
import sys
import tempfile

import pipelines
from server import Cutter, Place, Server, SQLitePlace, build_tracer, eventually, kill

# Transactions that only look, or that the model leaves out: see README.md.
OUTSIDE = frozenset("""
    schema_tables schema_marks schema_migrations
    look owners waiting_names due_queues limits result_cancel_requests result_progress result_prune result_ids show there result_rows
    result_results equal lock_crashed lock_deserted channel server maintenance
    session_setup transaction_settings names take_names show_names begin_snapshot batch_ended batch_any_deserted
    batch_deserted begin patience commit rollback lock_keys_of old_failed hasten tolerance held_rows held_keys stuck_some stuck_note stuck_forget
    claim_candidates claim_trial claim_trial_end claim_trial_waiting claim_check
    impatience far_leases expire_trial late waits lockable holdsClaim lock_free_failed lock_hold_crashed limit_set limit_remove desk_add
    result_request_cancel_beside looking looking_at_values totals count_plain count_keyed count_rest count_failed batch_list
""".split())


LOOKS = frozenset(["look"])

# What only notes the ends of tasks in the history; no task depends on it.
NOTES = frozenset("""
    note_failures note_ended note_lines history_add history_of_row failure_add failure_trim history_prune failure_prune
""".split())
# A statement that does what another one does, and notes it.
NOTING = {"settle_delete_noting": "settle_delete"}


def drive(place, cutter_of):
    """Lets each pipeline happen."""
    drive_plain(place, past="now() - interval '1 hour'")
    # Equal ones: the first goes back while the second waits.
    first = place.add(dedupe_key="'d'")
    run = place.once("--limit", "1")
    place.has_begun(first)
    place.add(dedupe_key="'d'")
    place.let_end(first, 1)
    place.end(run)
    place.sql("DELETE FROM tasks")
    drive_runs(place)
    place.run("retry", str(place.add(status="'FAILED'")))
    drive_deserted(place)
    # Answers that are lost: what was claimed meanwhile is given back, once plainly and once where an equal one waits.
    for dedupe in ("NULL", "'g'"):
        lose_an_answer(place, cutter_of, dedupe)


def drive_sqlite(place):
    """The same on SQLite, where no connection can be cut."""
    drive_plain(place, past="datetime('now', '-1 hour')")
    # Equal ones, the newer and the older waiting.
    for order in (0, 1):
        tasks = [place.add(dedupe_key="'d'")]
        runs = [place.once("--limit", "1", trace=f"{place.trace}.1")]
        place.has_begun(tasks[0])
        tasks.append(place.add(dedupe_key="'d'"))
        runs.append(place.once("--limit", "1", trace=f"{place.trace}.2", host="other"))
        place.has_begun(tasks[1])
        for number in (order, 1 - order):
            place.let_end(tasks[number], 1)
            place.end(runs[number])
        place.sql("DELETE FROM tasks")
    drive_runs(place)
    place.run("retry", str(place.add(status="'FAILED'", dedupe_key="'f'")))
    drive_deserted(place)


def drive_plain(place, past):
    """Plain tasks, several rounds, so that lanes are known; failures; a lock key with others behind it; a batch with its follower."""
    for _ in range(3):
        place.let_end(place.add())
    place.let_end(place.add(max_attempts="1"), 1)
    place.let_end(place.add(), 1)
    for _ in range(2):
        place.let_end(place.add(lock_key="'k'"))
    for _ in range(2):
        place.let_end(place.add(batch="'b'"))
    place.let_end(place.add(after_batch="'b'"))
    place.add(expires_at=past, lock_key="'late'")
    place.end(place.once("--concurrency", "1"))
    place.sql("DELETE FROM tasks")


def drive_runs(place):
    """A limit, runs that are killed, leases that are renewed, and what people do."""
    place.run("limit", "--name", "A", "--running", "1")
    place.let_end(place.add())
    place.end(place.once())
    place.sql("DELETE FROM task_limits")
    # Runs that are killed: taken over, also where an equal one waits.
    for dedupe in ("NULL", "'e'"):
        task = place.add(dedupe_key=dedupe, lock_key="'r'")
        run = place.once("--limit", "1")
        place.has_begun(task)
        place.let_end(place.add(dedupe_key=dedupe))
        kill(run)
        place.let_end(task)
        place.end(place.once())
        place.sql("DELETE FROM tasks")
    # The shortest leases there are.
    task = place.add()
    place.lease("5s")
    run = place.once()
    place.has_begun(task)
    place.has_done("renew")
    place.let_end(task)
    place.end(run)
    place.lease(None)
    task = place.add(lock_key="'h'", batch="'h'")
    place.add(after_batch="'h'")
    place.run("cancel", str(task))
    place.run("delete", str(place.add(lock_key="'h'")))


def drive_deserted(place):
    """A batch that ended unnoticed."""
    place.sql("DELETE FROM tasks")
    place.add(after_batch="'gone'", run_at="'2999-01-01'")
    place.end(place.once())
    place.sql("DELETE FROM tasks")


def lose_an_answer(place, cutter_of, dedupe):
    with cutter_of() as cutter:
        task = place.add(dedupe_key=dedupe)
        place.let_end(task)
        place.stop_commits()
        run = place.once(socket_folder=cutter.folder)
        place.commit_waits()
        cutter.cut(lets_in=False)
        place.let_commits_go_on()
        eventually("it is claimed", lambda: place.sql("SELECT status FROM tasks") == ["PROCESSING"])
        if dedupe != "NULL":
            place.let_end(place.add(dedupe_key=dedupe))
        cutter.lets_in.set()
        place.end(run)
        place.sql("DELETE FROM tasks")


def writing_transactions(names):
    """What stands between BEGIN IMMEDIATE and COMMIT, without what only looks."""
    found, current = [], None
    for name in names:
        if name == "begin":
            current = []
        if current is not None and name not in SQLITE_LOOKS and not name.startswith("SELECT "):
            current.append(name)
        if name in ("commit", "rollback") and current is not None:
            found.append(current)
            current = None
    return found


SQLITE_LOOKS = frozenset("""
    next_lane head_of_lane equal_nextFailed pausedQueues lock_anyExpired lock_anyOpen pragma result_idOfToken desk_show result_result
    schemaVersion anyTrigger countHeld countFailed
""".split())


def known_patterns(texts):
    patterns = {}
    for name, text in texts.items():
        for number, part in enumerate(text.split(";")):
            patterns[name, number] = pipelines.pattern(part)
    return patterns


def compare(transactions, texts):
    """The transactions that are none of the model's, and the pipelines that were seen."""
    patterns, wrong, seen = known_patterns(texts), {}, set()
    for names in transactions:
        # A look within a transaction that writes changes nothing: it only says whether a claim is worth it.
        names = [NOTING.get(name, name) for name in names if name not in LOOKS | NOTES]
        line = "".join(f"{name} " for name in names)
        # A statement without a name is of a command that the model leaves out.
        if line in wrong or all(name in OUTSIDE or " " in name for name in names):
            continue
        fits = [place for place, pattern in patterns.items() if pattern.fullmatch(line)]
        if not fits:
            wrong[line] = True
        seen.update(name for name, _ in fits)
    return list(wrong), seen


def tell(database, transactions, texts, unseen):
    """Says what is wrong; how much."""
    wrong, seen = compare(transactions, texts)
    for line in wrong:
        print(f"order: {database}: no pipeline of the model: {line}")
    missed = sorted(set(texts) - seen - unseen)
    for name in missed:
        print(f"order: {database}: was not seen: {name}")
    print(f"order: {database}: {len(transactions)} transactions, {len(seen)} pipelines, {len(wrong) + len(missed)} wrong", flush=True)
    return len(wrong) + len(missed)


def main(taskrun):
    with Server() as server:
        with Place(server, taskrun) as place:
            drive(place, lambda: Cutter(server))
            found = server.transactions(server.log_text()[place.begins_at:])
    failed = tell("PostgreSQL", list(found.values()), pipelines.POSTGRESQL, {"insert", "touch"})
    with tempfile.TemporaryDirectory() as folder:
        with SQLitePlace(taskrun, build_tracer(folder)) as place:
            drive_sqlite(place)
            found = [one for trace in glob.glob(place.trace + "*") for one in writing_transactions(place.statements(trace))]
    # No answer is lost on the way to a file, so nothing is given back there.
    failed += tell("SQLite", found, pipelines.SQLITE, {"insert", "touch", "give_back"})
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1])))
