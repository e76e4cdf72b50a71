#!/usr/bin/env python3
"""Asks a real server for what the model takes for granted: snapshots, waits that look again, SKIP LOCKED, the unique index.

Usage: granted.py. Two sessions, no program of ours; each waits for what it sees in pg_stat_activity, never for time.
"""
import sqlite3
import sys
import tempfile

from server import Server, Session, eventually

TESTS = []


def granted(test):
    TESTS.append(test)
    return test


def waits(looker, session):
    """Waits until this session waits for a lock."""
    eventually("it waits", lambda: looker.do(
        f"SELECT count(*) FROM pg_stat_activity WHERE pid = {session.pid} AND wait_event_type = 'Lock'"
    ) == ["1"])


def expect(found, wanted):
    assert found == wanted, f"{found}, not {wanted}"


@granted
def a_write_that_waited_looks_at_the_newest_version(looker, one, other):
    one.do("BEGIN")
    one.do("UPDATE t SET status = 'PROCESSING' WHERE id = 1")
    other.send("UPDATE t SET mark = 1 WHERE id = 1 AND status = 'WAITING' RETURNING id")
    waits(looker, other)
    one.do("COMMIT")
    expect(other.answer(), [])


@granted
def a_row_that_was_locked_is_skipped_also_if_the_snapshot_has_it(looker, one, other):
    one.do("BEGIN")
    one.do("SELECT FROM t WHERE id = 1 FOR UPDATE")
    expect(other.do("SELECT id FROM t WHERE status = 'WAITING' ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"), ["2", "3"])


@granted
def a_statement_has_its_snapshot_before_the_lock_that_it_waits_for(looker, one, other):
    one.do("BEGIN")
    one.do("SELECT pg_advisory_xact_lock(1)")
    one.do("UPDATE t SET status = 'FAILED' WHERE id = 1")
    other.do("BEGIN")
    other.send("SELECT status FROM t WHERE id = 1 AND pg_advisory_xact_lock(1) IS NOT NULL")
    waits(looker, other)
    one.do("COMMIT")
    expect(other.answer(), ["WAITING"])
    # The next statement, behind the lock, sees what was committed before it.
    expect(other.do("SELECT status FROM t WHERE id = 1"), ["FAILED"])


@granted
def the_moment_of_a_transaction_is_that_of_its_begin(looker, one, other):
    one.do("BEGIN")
    one.do("SELECT FROM t WHERE id = 1 FOR UPDATE")
    other.do("BEGIN")
    other.send("SELECT FROM t WHERE id = 1 FOR UPDATE")
    waits(looker, other)
    moment = one.do("SELECT clock_timestamp()")[0]
    one.do("COMMIT")
    other.answer()
    expect(other.do(f"SELECT now() < '{moment}', statement_timestamp() > '{moment}'"), ["t|t"])


@granted
def the_unique_index_waits_for_a_row_that_is_not_committed(looker, one, other):
    one.do("BEGIN")
    one.do("UPDATE t SET dedupe = 'd' WHERE id = 1")
    other.send("UPDATE t SET dedupe = 'd' WHERE id = 2")
    waits(looker, other)
    one.do("ROLLBACK")
    expect(other.answer(), [])
    one.do("BEGIN")
    one.do("UPDATE t SET status = 'PROCESSING' WHERE id = 2")
    other.send("UPDATE t SET dedupe = 'd' WHERE id = 1")
    waits(looker, other)
    one.do("ROLLBACK")
    try:
        other.answer()
    except AssertionError as error:
        expect("duplicate key" in str(error), True)
    else:
        raise AssertionError("two equal rows wait")


@granted
def rows_that_wait_for_each_other_in_the_index_are_a_deadlock(looker, one, other):
    one.do("BEGIN")
    one.do("UPDATE t SET dedupe = 'a' WHERE id = 1")
    other.do("BEGIN")
    other.do("UPDATE t SET dedupe = 'b' WHERE id = 2")
    one.send("UPDATE t SET dedupe = 'b' WHERE id = 3")
    waits(looker, one)
    # Whoever looks first finds it.
    other.send("UPDATE t SET dedupe = 'a' WHERE id = 3")
    answers = []
    for session in (other, one):
        try:
            answers.append(str(session.answer()))
        except AssertionError as error:
            answers.append(str(error))
        session.do("ROLLBACK")
    expect(sum("deadlock detected" in one for one in answers), 1)


@granted
def a_try_for_a_lock_that_somebody_has_does_not_wait(looker, one, other):
    one.do("BEGIN")
    one.do("SELECT pg_advisory_xact_lock(1)")
    expect(other.do("SELECT pg_try_advisory_xact_lock(1)"), ["f"])


def sqlite_has_one_writer():
    with tempfile.NamedTemporaryFile(suffix=".db") as file:
        one = sqlite3.connect(file.name, isolation_level=None, timeout=0)
        other = sqlite3.connect(file.name, isolation_level=None, timeout=0)
        one.execute("CREATE TABLE t (id INTEGER)")
        one.execute("BEGIN IMMEDIATE")
        one.execute("INSERT INTO t VALUES (1)")
        expect(other.execute("SELECT count(*) FROM t").fetchone(), (0,))
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            expect("locked" in str(error), True)
        else:
            raise AssertionError("two writers")
        one.execute("COMMIT")
        other.execute("BEGIN IMMEDIATE")
        expect(other.execute("SELECT count(*) FROM t").fetchone(), (1,))


def main():
    failed = 0
    with Server() as server:
        for test in TESTS:
            with Session(server, "postgres") as looker, Session(server, "postgres") as one, Session(server, "postgres") as other:
                looker.do("DROP TABLE IF EXISTS t")
                looker.do("CREATE TABLE t (id int PRIMARY KEY, status text DEFAULT 'WAITING', dedupe text, mark int)")
                looker.do("CREATE UNIQUE INDEX ON t (dedupe) WHERE status = 'WAITING' AND dedupe IS NOT NULL")
                looker.do("INSERT INTO t (id) VALUES (1), (2), (3)")
                failed += tell(test, looker, one, other)
    failed += tell(sqlite_has_one_writer)
    return 1 if failed else 0


def tell(test, *sessions):
    name = test.__name__.replace("_", " ")
    try:
        test(*sessions)
        print(f"granted: {name}", flush=True)
        return 0
    except AssertionError as error:
        print(f"granted: {name}: WRONG: {error}", flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
