#!/usr/bin/env python3
"""Plays the model's traces on a real server: counter-examples of the protocol as it was, and of its mutants.

A session of somebody else's holds a lock, so that the run stops at exactly the statement that the trace names; the test sees it there in
pg_stat_activity, lets happen what the trace lets happen, and lets go. Usage: replay.py TASKRUN [WORD…]. Each test says which property
holds; with the change of the protocol that its mutant makes, it does not.
"""
import os
import signal
import subprocess
import sys
import tempfile

from server import Cutter, Place, Server, SQLitePlace, build_tracer, eventually, kill

TESTS, SQLITE_TESTS = [], []


def replay(mutant, tests=TESTS):
    """A test on PostgreSQL, and the mutant or the counter-example that it plays."""

    def keep(test):
        tests.append((mutant, test))
        return test

    return keep


def replay_on_sqlite(mutant):
    """The same on SQLite: there a run is stopped before it asks for the write lock, and the second connection has it meanwhile."""
    return replay(mutant, SQLITE_TESTS)


def expect(found, wanted, what):
    assert found == wanted, f"{what}: {found}, not {wanted}"


SALTED = "hashtextextended('k', coalesce((SELECT salt FROM task_salt), 0))"


@replay("no advisory lock; deciding on the old snapshot")
def a_claim_passes_over_a_key_whose_line_is_led_on(place):
    """A settle waits for the key's lock: whoever claims meanwhile puts nobody behind."""
    with place.other() as session:
        first = place.add(lock_key="'k'")
        run = place.once()
        place.has_begun(first)
        session.do("BEGIN")
        session.do(f"SELECT pg_advisory_xact_lock({SALTED})")
        second = place.add(lock_key="'k'")
        place.let_end(first)
        place.let_end(second)
        place.waits_at("lock_keys", session)
        looks = place.done("keyed")
        other = place.once(host="other")
        place.has_done("keyed", looks + 1)
        expect(place.sql(f"SELECT lock_place FROM tasks WHERE id = {second}"), ["0"], "the second of the line")
        session.do("COMMIT")
        place.end(run)
        place.end(other)
    expect(place.sql("SELECT count(*) FROM tasks"), ["0"], "rows left")


@replay("no advisory lock; settle takes the lock of a key that it keeps")
def a_retry_keeps_its_key_behind_the_lock(place):
    """Also a settle that keeps the key waits for its lock; then the retry leads its line."""
    with place.other() as session:
        first = place.add(lock_key="'k'", max_attempts="2")
        run = place.once()
        place.has_begun(first)
        second = place.add(lock_key="'k'")
        session.do("BEGIN")
        session.do(f"SELECT pg_advisory_xact_lock({SALTED})")
        place.let_end(first, 1)
        place.let_end(second)
        place.waits_at("lock_keys", session)
        session.do("COMMIT")
        place.end(run)
    expect(place.sql("SELECT id, status, lock_place, attempts FROM tasks ORDER BY id"),
           [f"{first}|WAITING|2|1", f"{second}|WAITING|1|0"], "the line")


@replay("no fence")
def a_settle_that_waits_for_a_row_looks_again(place):
    """The row is taken over while the settle waits for it: it changes nothing, and says so."""
    with place.other() as session:
        task = place.add()
        run = place.once("--limit", "1")
        place.has_begun(task)
        session.do("BEGIN")
        session.do(f"UPDATE tasks SET claim_no = claim_no + 1, lease_owner = 'another run' WHERE id = {task}")
        place.let_end(task)
        place.waits_at("settle_delete", session)
        session.do("COMMIT")
        report = place.end(run)
    assert '"lease_lost":1' in report and '"succeeded":0' in report, report
    expect(place.sql("SELECT status, lease_owner FROM tasks"), ["PROCESSING|another run"], "the row")


@replay("claims are given back once, before the settle")
def claims_of_a_cut_connection_are_found(place):
    """A claim waits in its COMMIT when the connection is cut; it is committed when the run has looked for such claims already."""
    with Cutter(place.server) as cutter:
        task = place.add()
        place.let_end(task)
        place.stop_commits()
        run = place.once(socket_folder=cutter.folder)
        place.commit_waits()
        cutter.cut()
        eventually("the run has looked", lambda: place.done("held") + place.done("give_back") > 0)
        place.let_commits_go_on()
        place.end(run)
    expect(place.sql("SELECT count(*) FROM tasks"), ["0"], "rows left")
    expect(place.file("begun"), f"{task} 1\n", "attempts")


@replay("the batch is looked at on the old snapshot")
def the_last_of_two_that_end_at_once_releases_the_follower(place):
    """Two runs end the last two members: both wait for the batch's row; the later one sees that nothing is open."""
    with place.other() as session:
        members = [place.add(batch="'b'"), place.add(batch="'b'")]
        last = place.add(after_batch="'b'")
        place.let_end(last)
        session.do("BEGIN")
        session.do("INSERT INTO task_batches (batch, complete, cancelled) VALUES ('b', 0, 0)")
        runs = [place.once("--limit", "1"), place.once("--limit", "1", host="other")]
        for task in members:
            place.has_begun(task)
            place.let_end(task)
        eventually("both wait for the batch", lambda: place.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '/* batch_count */%'"
        ) == ["2"])
        session.do("COMMIT")
        for run in runs:
            place.end(run)
        expect(place.sql("SELECT id, after_batch IS NULL FROM tasks"), [f"{last}|t"], "the follower")
        expect(place.sql("SELECT count(*) FROM task_batches"), ["0"], "counts left")


@replay("what is passed over is looked at by nobody")
def a_follower_that_was_locked_is_released_by_the_same_run(place):
    """The follower's row is locked when the last member ends: the run looks again by itself."""
    with place.other() as session:
        member = place.add(batch="'b'")
        last = place.add(after_batch="'b'")
        place.let_end(last)
        run = place.once()
        place.has_begun(member)
        session.do("BEGIN")
        session.do(f"UPDATE tasks SET priority = 1 WHERE id = {last}")
        place.let_end(member)
        place.has_done("batch_over")
        eventually("the member is gone", lambda: place.sql(f"SELECT count(*) FROM tasks WHERE id = {member}") == ["0"])
        session.do("COMMIT")
        place.end(run)
    expect(place.sql("SELECT count(*) FROM tasks"), ["0"], "rows left")


@replay("what is passed over is looked at by nobody")
def a_row_that_was_locked_is_begun_by_the_same_run(place):
    """A due row is locked when the run looks: it does not think that nothing is due."""
    with place.other() as session:
        task = place.add()
        place.let_end(task)
        session.do("BEGIN")
        session.do(f"UPDATE tasks SET priority = 1 WHERE id = {task}")
        run = place.once()
        place.has_done("claim_from_lane")
        session.do("COMMIT")
        place.end(run)
    expect(place.sql("SELECT count(*) FROM tasks"), ["0"], "rows left")


@replay("an expired row is claimed")
def what_has_expired_is_not_begun(place):
    """More have expired than one look makes FAILED, and the key of another one is locked."""
    place.add(2500, expires_at="now() - interval '1 hour'")
    with place.other() as session:
        keyed = place.add(lock_key="'k'", expires_at="now() - interval '1 hour'", priority="-1")
        session.do("BEGIN")
        session.do(f"SELECT pg_advisory_xact_lock({SALTED})")
        run = place.once()
        place.has_done("expire")
        session.do("COMMIT")
        place.end(run)
        expect(place.file("begun"), "", "what was begun")
        expect(place.sql("SELECT status, count(*) FROM tasks GROUP BY status"), ["FAILED|2501"], f"rows ({keyed} is keyed)")


@replay("the older equal task is kept")
def the_newer_of_two_equal_tasks_stays(place):
    """1 runs, 2 is added and runs, 1 fails, 2 fails; the second waits at the first one's row."""
    with place.other() as session:
        first = place.add(dedupe_key="'d'")
        one = place.once("--limit", "1")
        place.has_begun(first)
        second = place.add(dedupe_key="'d'", data="""'{"new":true}'""")
        other = place.once("--limit", "1", host="other")
        place.has_begun(second)
        place.let_end(first, 1)
        place.end(one)
        expect(place.sql("SELECT status FROM tasks ORDER BY id"), ["WAITING", "PROCESSING"], "the first is back")
        session.do("BEGIN")
        session.do(f"SELECT FROM tasks WHERE id = {second} FOR UPDATE")
        place.let_end(second, 1)
        eventually("it waits", lambda: place.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ '^/. settle_'"
        ) != ["0"])
        session.do("COMMIT")
        place.end(other)
    expect(place.sql("SELECT id, status, attempts FROM tasks"), [f"{second}|WAITING|1"], "the newer one")


@replay("equal tasks are put back without a lock")
def crossed_pairs_of_equal_tasks_do_not_deadlock(place):
    """One run has the older of one pair and the newer of another, the other run the rest; the first is stopped in between."""
    with place.other() as session:
        tasks = []
        runs = []
        for key in ("x", "y"):
            tasks.append(place.add(dedupe_key=f"'{key}'"))
        runs.append(place.once("--limit", "2"))
        for task in tasks:
            place.has_begun(task)
        for key in ("y", "x"):
            tasks.append(place.add(dedupe_key=f"'{key}'"))
        runs.append(place.once("--limit", "2", host="other"))
        for task in tasks:
            place.has_begun(task)
        session.do("BEGIN")
        session.do(f"SELECT FROM tasks WHERE id = {tasks[1]} FOR UPDATE")
        place.let_end(tasks[0], 1)
        place.let_end(tasks[1], 1)
        eventually("the first run waits", lambda: place.sql(
            f"SELECT count(*) FROM pg_stat_activity WHERE {session.pid} = ANY (pg_blocking_pids(pid))"
        ) == ["1"])
        place.let_end(tasks[2], 1)
        place.let_end(tasks[3], 1)
        place.has_done("settle_update", 1)
        session.do("COMMIT")
        for run in runs:
            place.end(run)
        expect(place.sql("SELECT id FROM tasks ORDER BY id"), [str(tasks[2]), str(tasks[3])], "the newer ones")
        assert "deadlock detected" not in place.server.log_text()[place.begins_at:], "a deadlock"


@replay("equal tasks that wait are waited for")
def an_older_equal_task_that_is_claimed_meanwhile_is_not_waited_for(place):
    """A run puts back the newer of two; the older one, which waits, is claimed, and goes back itself before the first run wakes up."""
    group = "chr(1) || (hashtextextended(task_name || '/' || dedupe_key, 0) & 63)"
    number = f"hashtextextended({group}, coalesce((SELECT salt FROM task_salt), 0))"
    with place.other() as key, place.other() as claim, place.other() as back:
        older = place.add(dedupe_key="'d'", lock_key="'k'", status="'FAILED'")
        newer = place.add(dedupe_key="'d'")
        run = place.once("--limit", "1")
        place.has_begun(newer)
        place.sql(f"UPDATE tasks SET status = 'WAITING', run_at = now() + interval '1 day' WHERE id = {older}")
        key.do("BEGIN")
        key.do(f"SELECT pg_advisory_xact_lock({SALTED})")
        place.let_end(newer, 1)
        place.waits_at("equal_keys", key)
        claim.do("BEGIN")
        claim.do(
            "UPDATE tasks SET status = 'PROCESSING', claim_no = 1, lease_owner = 'x', "
            f"lease_expires_at = now() + interval '300 s' WHERE id = {older}"
        )
        key.do("COMMIT")
        pid = int(eventually("the run waits for the claim", lambda: place.sql(
            f"SELECT pid FROM pg_stat_activity WHERE {claim.pid} = ANY (pg_blocking_pids(pid))"
        ))[0])
        # It does not wake up before the other one has its row again, and waits for the group of equals.
        os.kill(pid, signal.SIGSTOP)
        try:
            claim.do("COMMIT")
            back.do("BEGIN")
            back.do(f"SELECT FROM tasks WHERE id = {older} FOR NO KEY UPDATE")
            back.send(f"SELECT pg_advisory_xact_lock({number}) FROM tasks WHERE id = {older}")
            eventually("it waits for the group", lambda: place.sql(
                f"SELECT count(*) FROM pg_locks WHERE pid = {back.pid} AND NOT granted AND locktype = 'advisory'"
            ) == ["1"])
        finally:
            os.kill(pid, signal.SIGCONT)
        back.answer()
        back.do("COMMIT")
        place.end(run)
        expect(place.sql("SELECT id, status FROM tasks ORDER BY id"), [f"{older}|PROCESSING", f"{newer}|WAITING"], "the rows")
        assert "deadlock detected" not in place.server.log_text()[place.begins_at:], "a deadlock"


@replay("the moment is read before the lock")
def a_limit_is_counted_by_a_moment_behind_its_lock(place):
    """While a run waits for the limit's row, others begin as many as one minute lets."""
    place.run("limit", "--name", "A", "--per-minute", "5")
    with place.other() as session:
        for _ in range(10):
            place.let_end(place.add())
        session.do("BEGIN")
        session.do("SELECT FROM task_limits FOR UPDATE")
        run = place.once()
        place.waits_at("lock_limits", session)
        session.do("UPDATE task_limits SET begun = 5, minute_began = clock_timestamp()")
        session.do("COMMIT")
        place.end(run)
    expect(place.file("begun"), "", "what was begun")


@replay("claimed by a run that was killed")
def what_a_killed_run_has_sent_is_recovered(place):
    """The run is killed while its settle waits; the server does what was sent; the next run goes on."""
    with place.other() as session:
        first = place.add(priority="1")
        run = place.once("--concurrency", "1")
        place.has_begun(first)
        second = place.add(priority="2")
        session.do("BEGIN")
        session.do(f"SELECT FROM tasks WHERE id = {first} FOR UPDATE")
        place.let_end(first)
        pid = place.waits_at("settle_delete", session)
        kill(run)
        session.do("COMMIT")
        eventually("its session has ended", lambda: place.sql(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}") == ["0"])
        place.let_end(second)
        place.end(place.once())
    expect(place.sql("SELECT count(*) FROM tasks"), ["0"], "rows left")


# --- SQLite


@replay_on_sqlite("the moment is read before the lock")
def a_limit_is_counted_by_a_moment_behind_the_write_lock(place):
    place.run("limit", "--name", "A", "--per-minute", "5")
    for _ in range(10):
        place.let_end(place.add())
    with place.gate() as gate:
        run = place.once()
        gate.is_reached()
        place.sql("UPDATE task_limits SET begun = 5, minute_began = strftime('%Y-%m-%d %H:%M:%f', 'now')")
    place.end(run)
    expect(place.file("begun"), "", "what was begun")


@replay_on_sqlite("no fence")
def a_settle_behind_the_write_lock_looks_at_its_proof(place):
    task = place.add()
    run = place.once("--limit", "1")
    place.has_begun(task)
    with place.gate() as gate:
        place.let_end(task)
        gate.is_reached()
        place.sql(f"UPDATE tasks SET claim_no = claim_no + 1, lease_owner = 'another run' WHERE id = {task}")
    report = place.end(run)
    assert '"lease_lost":1' in report and '"succeeded":0' in report, report
    expect(place.sql("SELECT status, lease_owner FROM tasks"), ["PROCESSING|another run"], "the row")


@replay_on_sqlite("no advisory lock; deciding on the old snapshot")
def a_line_is_led_on_by_a_settle_that_others_come_before(place):
    first = place.add(lock_key="'k'")
    run = place.once()
    place.has_begun(first)
    second = place.add(lock_key="'k'")
    place.let_end(second)
    with place.gate() as gate:
        place.let_end(first)
        gate.is_reached()
        # Another run puts the second behind the first, which still holds the key.
        place.end(place.once(trace=place.trace + ".other", host="other"))
        expect(place.sql(f"SELECT lock_place FROM tasks WHERE id = {second}"), ["1"], "the second of the line")
    place.end(run)
    expect(place.sql("SELECT count(*) FROM tasks"), ["0"], "rows left")


@replay_on_sqlite("the batch is looked at on the old snapshot")
def the_later_of_two_ends_releases_the_follower_on_sqlite(place):
    members = [place.add(batch="'b'"), place.add(batch="'b'")]
    last = place.add(after_batch="'b'")
    place.let_end(last)
    run = place.once("--limit", "1")
    place.has_begun(members[0])
    with place.gate() as gate:
        place.let_end(members[0])
        gate.is_reached()
        place.let_end(members[1])
        place.end(place.once("--limit", "1", trace=place.trace + ".other", host="other"))
        expect(place.sql("SELECT after_batch FROM tasks WHERE after_batch IS NOT NULL"), ["b"], "the follower")
    place.end(run)
    expect(place.sql("SELECT id, after_batch FROM tasks"), [f"{last}|"], "the follower")


@replay_on_sqlite("the older equal task is kept")
def the_newer_of_two_equal_tasks_stays_on_sqlite(place):
    first = place.add(dedupe_key="'d'")
    one = place.once("--limit", "1", trace=place.trace + ".other", host="other")
    place.has_begun(first)
    second = place.add(dedupe_key="'d'")
    other = place.once("--limit", "1")
    place.has_begun(second)
    with place.gate() as gate:
        place.let_end(second, 1)
        gate.is_reached()
        place.let_end(first, 1)
        place.end(one)
        expect(place.sql("SELECT status FROM tasks ORDER BY id"), ["WAITING", "PROCESSING"], "the first is back")
    place.end(other)
    expect(place.sql("SELECT id, status FROM tasks"), [f"{second}|WAITING"], "the newer one")


@replay_on_sqlite("the older equal task is kept")
def recovery_keeps_the_newer_of_two_equal_tasks(place):
    first = place.add(dedupe_key="'d'")
    one = place.once("--limit", "1", trace=place.trace + ".one", host="one")
    place.has_begun(first)
    second = place.add(dedupe_key="'d'")
    other = place.once("--limit", "1", trace=place.trace + ".other", host="other")
    place.has_begun(second)
    place.let_end(first, 1)
    place.end(one)
    kill(other)
    place.sql("UPDATE tasks SET run_at = '2999-01-01' WHERE status = 'PROCESSING'")
    place.end(place.once())
    expect(place.sql("SELECT id, status, crashes FROM tasks"), [f"{second}|WAITING|1"], "the newer one")


@replay_on_sqlite("an expired row is claimed")
def what_has_expired_is_not_begun_on_sqlite(place):
    place.sql("BEGIN")
    place.add(2500, expires_at="datetime('now', '-1 hour')")
    place.sql("COMMIT")
    place.end(place.once())
    expect(place.file("begun"), "", "what was begun")
    expect(place.sql("SELECT status, count(*) FROM tasks GROUP BY status"), ["FAILED|2500"], "rows")


@replay_on_sqlite("claimed by a run that was killed")
def a_run_that_is_killed_before_its_transaction_has_changed_nothing(place):
    task = place.add()
    run = place.once()
    place.has_begun(task)
    with place.gate() as gate:
        place.let_end(task)
        gate.is_reached()
        kill(run)
        expect(place.sql("SELECT status, attempts FROM tasks"), ["PROCESSING|1"], "the row")
    place.end(place.once())
    expect(place.file("begun"), f"{task} 1\n{task} 2\n", "attempts")
    expect(place.sql("SELECT count(*) FROM tasks"), ["0"], "rows left")


def play(tests, make_place, words):
    """Runs tests, each in a place of its own; how many went wrong."""
    failed = 0
    for mutant, test in tests:
        name = test.__name__.replace("_", " ")
        if words and not any(word in name for word in words):
            continue
        try:
            with make_place() as place:
                test(place)
            print(f"replay: {name}: holds (against: {mutant})", flush=True)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"replay: {name}: WRONG: {error} (against: {mutant})", flush=True)
    return failed


def main(words):
    taskrun, words = os.path.abspath(words[0]), words[1:]
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        tracer = build_tracer(folder)
        failed = play(TESTS, lambda: Place(server, taskrun), words)
        failed += play(SQLITE_TESTS, lambda: SQLitePlace(taskrun, tracer), words)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
