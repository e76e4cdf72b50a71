import Foundation
import Testing

/// Equal tasks, tasks in line, and tasks that expire: through plain SQL and the built binary alone.
@Suite("Keys and expiry")
struct OrderTests {
    @Test(
        "add: one of equal tasks, with its number; list and show tell the keys",
        arguments: Scratch.Database.withPoolers
    )
    func add(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            #expect(try await scratch.taskrun("add", "A", "--dedupe-key", "k", "--lock-key", "l").output == "1\n")
            let again = try await scratch.taskrun("add", "A", "--dedupe-key", "k", "--json")
            #expect(again.status == 0 && again.lines == ["{\"id\":1,\"task_name\":\"A\",\"new\":false}"])
            #expect(again.errors.contains("waits already"))
            let line = #"{"task_name":"A","dedupe_key":"k"}"#
            let more = #"{"task_name":"A","dedupe_key":"x","lock_key":"y","expires":"1h"}"#
            let many = try await scratch.taskrun("add", "-", "--json", input: "\(line)\n\(more)\n\(more)\n")
            #expect(many.status == 0 && many.lines.count == 1, "\(many)")
            #expect(many.errors.contains("2 lines were not added"))
            let rows = try await scratch.taskrun("list", "--json").objects()
            #expect(rows.map { $0["dedupe_key"] as? String } == ["k", "x"])
            #expect(rows.map { $0["lock_key"] as? String } == ["l", "y"])
            #expect(rows.map { $0["expires_at"] is String } == [false, true])
            let shown = try await scratch.taskrun("show", "1").output
            #expect(shown.contains("dedupe_key        k") && shown.contains("lock_key          l"))
            for words in [
                ["--expires", "1"], ["--expires-at", "x"], ["--expires", "1m", "--expires-at", "2030-01-01"],
            ] {
                #expect(try await scratch.start(["add", "A"] + words).answer().status == 64)
            }
            #expect(try await scratch.taskrun("add", "A", "--lock-key", "").status == 65)
        }
    }

    @Test("retry says which task stays FAILED because an equal one waits", arguments: Scratch.Database.withPoolers)
    func retry(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try await scratch.sql("INSERT INTO tasks (task_name, dedupe_key, status) VALUES ('A', 'k', 'FAILED')")
            try await scratch.sql("INSERT INTO tasks (task_name, dedupe_key) VALUES ('A', 'k')")
            let one = try await scratch.taskrun("retry", "1")
            #expect(one.status == 1 && one.output == "1 is FAILED: an equal task waits already, so left as it is\n")
            let all = try await scratch.taskrun("retry", "--all-failed")
            #expect(all.output.contains("0 tasks made WAITING again. Others stay FAILED"), "\(all)")
        }
    }

    @Test("a retry that meets a newer equal task gives way to it", arguments: Scratch.Database.withPoolers)
    func givesWay(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            // The first attempt waits until the newer one is there, and fails.
            try place.handler(
                "WORK",
                "grep -q new && exit 0; touch began; until [ -e go ]; do sleep 0.02; done; exit 1"
            )
            try await place.taskrunOK("add", "WORK", "\"old\"", "--dedupe-key", "k")
            let run = try place.start("once", "--json", "--limit", "1")
            try await eventually("the handler has begun") { place.has("began") }
            try await place.sql("INSERT INTO tasks (task_name, data, dedupe_key) VALUES ('WORK', '\"new\"', 'k')")
            try place.write("", to: "go")
            let end = try #require(try await run.answer().objects().first)
            #expect(end["gave_way"] as? Int == 1 && end["failed"] as? Int == 0 && end["retried"] as? Int == 0)
            #expect(try await place.sql("SELECT data FROM tasks") == ["\"new\""])
        }
    }

    @Test("groups stay in order under four runs, none runs twice at once", arguments: Scratch.Database.withPoolers)
    func inOrder(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", Self.exclusive)
            try await place.add(
                400,
                columns: "data, lock_key",
                values: "CAST(CAST(i % 10 AS text) AS json), 'k' || (i % 10)"
            )
            let runs = try (0..<4).map { _ in try place.start("once", "--drain", "--concurrency", "3") }
            for run in runs {
                let end = try await run.answer()
                #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
            }
            // A run that came too late for the last ones has ended: whoever holds the key goes on with it.
            try await place.drain()
            try await Self.check(place, count: 400, keys: 10)
        }
    }

    @Test(
        "a key never runs twice at once under four runs that are killed again and again",
        arguments: Scratch.Database.withPoolers
    )
    func killed(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", Self.exclusive)
            try await place.add(
                240,
                columns: "data, lock_key",
                values: "CAST(CAST(i % 6 AS text) AS json), 'k' || (i % 6)"
            )
            for round in 1...4 {
                let runs = try (0..<4).map { _ in try place.start("once", "--drain", "--concurrency", "2") }
                try await eventually("the work goes on") { place.lines().count > 30 * round }
                for run in runs { kill(run.pid, SIGKILL) }
                for run in runs { _ = try await run.answer() }
            }
            try await place.drain()
            try await Self.check(place, count: 240, keys: 6)
        }
    }

    @Test(
        "with --lock-order loose others pass a task that waits for its next attempt",
        arguments: Scratch.Database.withPoolers
    )
    func loose(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", "read n; echo $n >> \"$LOG\"; [ $n != 1 ]")
            try await place.add(3, columns: "data, lock_key", values: "CAST(CAST(i AS text) AS json), 'k'")
            #expect(try await place.taskrun("once").status == 0)
            #expect(place.lines() == ["1"])
            #expect(try await place.taskrun("once", "--lock-order", "odd").status == 64)
            try await place.sql("UPDATE tasks SET run_at = created_at")
            #expect(try await place.taskrun("once", "--lock-order", "loose").status == 0)
            #expect(place.lines() == ["1", "1", "2", "3"])
        }
    }

    @Test("a task that expires is FAILED and told", arguments: Scratch.Database.withPoolers)
    func expires(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("WORK", "exit 0")
            try await scratch.taskrunOK("add", "WORK", "--expires", "0s", "--delay", "1h")
            let run = try await scratch.taskrun("once", "--fail-on-failed")
            #expect(run.status == 1 && run.errors.contains("Task 1 WORK is FAILED: expired"), "\(run)")
            let show = try await scratch.taskrun("show", "1").output
            #expect(show.contains("FAILED") && show.contains("expired: not begun by "))
        }
    }

    /// Holds a link for its key while it works: a second one at the same time finds it there.
    ///
    /// A run that was killed takes its handlers with it and leaves the link. It names the task, for the next attempt at it, and is
    /// there with that name or not at all, whenever its handler is killed.
    private static let exclusive = """
        read key
        # Its run was killed before it could say more.
        [ -n "$key" ] || exit 1
        if ! ln -s "task $TASKRUN_TASK_ID" "held$key" 2> /dev/null; then
            [ "$(readlink "held$key")" = "task $TASKRUN_TASK_ID" ] || echo "twice $key $TASKRUN_TASK_ID" >> "$LOG"
        fi
        sleep 0.01
        echo "$key $TASKRUN_TASK_ID" >> "$LOG"
        rm "held$key"
        """

    private static func check(_ place: Scratch, count: Int, keys: Int) async throws {
        #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        let lines = place.lines()
        #expect(lines.filter { $0.hasPrefix("twice") }.isEmpty)
        for key in 0..<keys {
            let own = lines.filter { $0.hasPrefix("\(key) ") }.compactMap { Int($0.split(separator: " ")[1]) }
            // At least once: a task that was killed at its end may be there twice.
            #expect(own == own.sorted() && Set(own).count == count / keys)
        }
    }
}
