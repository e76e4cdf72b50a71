import Foundation
import TaskRun
import Testing

/// Tasks that follow on a task, and batches: by plain SQL and the built binary alone.
@Suite("Follow-ups and batches")
struct BatchTests {
    @Test(
        "fan out and in: the last task of a batch makes the one that waits due",
        arguments: Scratch.Database.withPoolers
    )
    func batch(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("LINE", #"read n; [ "$n" != 3 ] || exit 65; echo "$n of $TASKRUN_BATCH" >> "$LOG""#)
            try place.handler("REPORT", #"printf "%s\n" "$(cat)" >> "$LOG""#)
            try await place.sql(
                """
                INSERT INTO tasks (task_name, data, batch) VALUES
                ('LINE', '1', 'import'), ('LINE', '2', 'import'), ('LINE', '3', 'import'), ('LINE', '4', 'import')
                """
            )
            try await place.sql(
                """
                INSERT INTO tasks (task_name, data, after_batch, token) VALUES ('REPORT', '{"to":"boss"}', 'import', 'r')
                """
            )
            let shown = try await place.taskrun("show", "5").output
            #expect(shown.contains("after_batch       import"))
            #expect(try await place.taskrun("cancel", "4").status == 0)
            let asked = try await place.taskrun("result", "r", "--json")
            #expect(try asked.objects().first?["status"] as? String == "WAITING", "\(asked)")
            #expect(try await place.taskrun("once", "--concurrency", "1").status == 0)
            #expect(
                place.lines() == [
                    "1 of import", "2 of import",
                    #"{"to":"boss","batch":{"name":"import","complete":2,"failed":1,"cancelled":1}}"#,
                ]
            )
            #expect(try await place.taskrun("result", "r").status == 0)
            #expect(try await place.sql("SELECT task_name, status, batch FROM tasks") == ["LINE|FAILED|import"])
            #expect(try await place.sql("SELECT * FROM task_batches").isEmpty)
        }
    }

    @Test("a batch under four runs ends once, and after all of its tasks", arguments: Scratch.Database.withPoolers)
    func manyRuns(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", #"echo work >> "$LOG""#)
            try place.handler("REPORT", #"printf "%s\n" "$(cat)" >> "$LOG""#)
            try await place.add(200, columns: "batch", values: "'b' || (i % 4)")
            for number in 0..<4 {
                try await place.taskrunOK("add", "REPORT", "\(["n": number].json)", "--after-batch", "b\(number)")
            }
            let runs = try (0..<4).map { _ in try place.start("once", "--concurrency", "2") }
            for run in runs { #expect(try await run.answer().status == 0) }
            try await place.drain()
            let lines = place.lines()
            #expect(lines.count { $0 == "work" } == 200)
            let ends = lines.filter { $0 != "work" }.sorted()
            let expected = (0..<4).map {
                #"{"n":\#($0),"batch":{"name":"b\#($0)","complete":50,"failed":0,"cancelled":0}}"#
            }
            #expect(ends == expected)
        }
    }

    @Test(
        "runs that are killed again and again end each batch, once its tasks are done",
        arguments: Scratch.Database.withPoolers
    )
    func killed(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", #"echo work >> "$LOG""#)
            try place.handler("REPORT", #"printf "%s\n" "$(cat)" >> "$LOG""#)
            try await place.add(120, columns: "batch", values: "'b'")
            try await place.taskrunOK("add", "REPORT", "--after-batch", "b")
            for round in 1...3 {
                let runs = try (0..<2).map { _ in try place.start("once", "--concurrency", "2") }
                try await eventually("the work goes on") { place.lines().count > 20 * round }
                for run in runs { kill(run.pid, SIGKILL) }
                for run in runs { _ = try await run.answer() }
            }
            try await place.drain()
            #expect(
                place.lines().last == #"{"batch":{"name":"b","complete":120,"failed":0,"cancelled":0}}"#
            )
            #expect(try await place.sql("SELECT * FROM tasks").isEmpty)
        }
    }

    @Test(
        "a trigger that keeps a task waiting after its batch is named, and does not keep the batch from ending",
        arguments: Scratch.Database.withPoolers
    )
    func refused(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", #"echo work >> "$LOG""#)
            try place.handler("REPORT", #"echo report >> "$LOG""#)
            try await place.taskrunOK("add", "WORK", "--batch", "import 42")
            try await place.taskrunOK("add", "REPORT", "--after-batch", "import 42")
            let event = "CREATE TRIGGER keep BEFORE UPDATE OF after_batch ON tasks"
            try await place.sql(
                database == .sqlite
                    ? "\(event) BEGIN SELECT RAISE(ABORT, 'not on Sundays'); END"
                    : """
                    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not on Sundays'; END $$;
                    \(event) FOR EACH ROW EXECUTE FUNCTION keep();
                    """
            )
            for _ in 1...2 {
                let end = try await place.taskrun("once")
                #expect(end.status == 0)
                for words in ["task 2", "batch \"import 42\"", "not on Sundays"] {
                    #expect(end.errors.contains(words), "\(end)")
                }
                #expect(try await place.sql("SELECT id FROM tasks") == ["2"])
            }
            try await place.sql(database == .sqlite ? "DROP TRIGGER keep" : "DROP TRIGGER keep ON tasks")
            let end = try await place.taskrun("once")
            #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
            #expect(place.lines() == ["work", "report"])
        }
    }

    @Test("an executable adds tasks, which are performed by the same run", arguments: Scratch.Database.withPoolers)
    func executable(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler(
                "SPLIT",
                #"""
                for n in 1 2 3; do
                    echo "add={\"task_name\":\"PART\",\"data\":$n,\"queue\":\"parts\",\"batch\":\"s\"}" >> "$TASKRUN_OUTPUT"
                done
                echo 'add={"task_name":"JOIN","after_batch":"s"}' >> "$TASKRUN_OUTPUT"
                """#
            )
            try place.handler("PART", #"read n; echo "$n $TASKRUN_QUEUE" >> "$LOG""#)
            try place.handler("JOIN", #"echo joined >> "$LOG""#)
            try await place.taskrunOK("add", "SPLIT")
            let end = try #require(try await place.taskrun("once", "--concurrency", "1", "--json").objects().first)
            #expect(end["succeeded"] as? Int == 5)
            #expect(place.lines() == ["1 parts", "2 parts", "3 parts", "joined"])
        }
    }

    @Test("an attempt that fails, or is killed with its run, adds nothing", arguments: Scratch.Database.withPoolers)
    func nothing(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler(
                "WORK",
                #"""
                echo 'add={"task_name":"NEXT"}' >> "$TASKRUN_OUTPUT"
                case $TASKRUN_ATTEMPT in
                    1) echo retry_after=0 >> "$TASKRUN_OUTPUT"; exit 1;;
                    2) touch began; sleep 60;;
                esac
                """#
            )
            try await place.taskrunOK("add", "WORK")
            let run = try place.start("once")
            try await eventually("the second attempt has begun") { place.has("began") }
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["1"])
            kill(run.pid, SIGKILL)
            _ = try await run.answer()
            try await eventually("the third attempt succeeds") {
                #expect(try await place.taskrun("once").status == 0)
                return try await place.sql("SELECT task_name, status FROM tasks") == ["NEXT|WAITING"]
            }
        }
    }

    @Test(
        "follow-ups that cannot be used make the task FAILED, and none is added",
        arguments: Scratch.Database.withPoolers,
        [
            ("{", "it is not JSON as needed: "), (#"{"data":1}"#, "there is no task_name"),
            (#"["task_name"]"#, "expected an object"), ("", "there is nothing"),
            (#"{"task_name":"a/b"}"#, "task_name"), (#"{"task_name":"N","queu":"x"}"#, "did you mean \"queue\""),
            (#"{"task_name":"N","token":"taken"}"#, "refused"),
        ]
    )
    func bad(_ database: Scratch.Database, _ input: (String, String)) async throws {
        let (line, reason) = input
        try await Scratch.with(database) { place async throws in
            try place.write("add={\"task_name\":\"N\"}\nadd=\(line)\n", to: "lines")
            try place.handler("WORK", #"cat lines >> "$TASKRUN_OUTPUT""#)
            try await place.sql("INSERT INTO tasks (task_name, token) VALUES ('WORK', 'w'), ('LATER', 'taken')")
            let end = try #require(try await place.taskrun("once", "--json").objects().first)
            #expect(end["failed"] as? Int == 1)
            #expect(
                try await place.sql("SELECT task_name, status FROM tasks ORDER BY id") == [
                    "WORK|FAILED", "LATER|WAITING",
                ]
            )
            let error = try await place.sql("SELECT last_error FROM tasks WHERE id = 1").joined()
            #expect(error.contains(reason) && error.contains("none was added"), "\(error)")
            #expect(try await place.sql("SELECT token, state FROM task_results") == ["w|FAILED"])
        }
    }

    @Test("a hundred thousand follow-ups are added, one more is too many", arguments: Scratch.Database.withPoolers)
    func many(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.handler(
                "WORK",
                #"""
                awk -v count="$(cat)" 'BEGIN { for (n = 0; n < count; n++) print "add={\"task_name\":\"N\",\"data\":" n "}" }' \
                    >> "$TASKRUN_OUTPUT"
                """#
            )
            try await place.sql("INSERT INTO tasks (task_name, data) VALUES ('WORK', '100001')")
            #expect(try await place.taskrun("once").status == 0)
            #expect(try await place.sql("SELECT task_name, status FROM tasks") == ["WORK|FAILED"])
            #expect(try await place.taskrun("show", "1").output.contains("more than 100,000 follow-ups"))
            try await place.sql("INSERT INTO tasks (task_name, data) VALUES ('WORK', '100000')")
            #expect(try await place.taskrun("once").status == 0)
            #expect(try await place.sql("SELECT count(*) FROM tasks WHERE task_name = 'N'") == ["100000"])
        }
    }

    @Test("a stream handler adds tasks in its reply, and is told the batch", arguments: Scratch.Database.withPoolers)
    func stream(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler(
                "SPLIT.stream.sh",
                #"""
                echo '{"hello":1}'
                while IFS= read -r line; do
                    echo "$line" >> "$LOG"
                    id=${line#*:}; id=${id%%,*}
                    case $line in
                        *bad*) echo "{\"task\":$id,\"ok\":true,\"add\":[{\"task_name\":\"N\"},7]}";;
                        *) echo "{\"task\":$id,\"ok\":true,\"add\":[{\"task_name\":\"N\",\"batch\":\"b\"},{\"task_name\":\"M\"}]}";;
                    esac
                done
                """#
            )
            try await place.sql("INSERT INTO tasks (task_name, batch) VALUES ('SPLIT', 'b')")
            try await place.sql("INSERT INTO tasks (task_name, data) VALUES ('SPLIT', '\"bad\"')")
            let end = try #require(try await place.taskrun("once", "--json").objects().first)
            #expect(end["succeeded"] as? Int == 1 && end["failed"] as? Int == 1, "\(end)")
            #expect(place.lines().count { $0.contains(#""batch":"b""#) } == 1)
            #expect(
                try await place.sql("SELECT task_name, status, batch FROM tasks ORDER BY id") == [
                    "SPLIT|FAILED|", "N|WAITING|b", "M|WAITING|",
                ]
            )
        }
    }
}

extension Dictionary where Key == String, Value == Int {
    fileprivate var json: String { "{" + map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}" }
}
