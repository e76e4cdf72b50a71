import Foundation
import Testing

/// Ask now, fetch later: what a web page and a script see, on both databases.
@Suite struct ResultTests {
    /// What a page asks: the task while it is there, else the result that it left.
    private static func state(_ token: String) -> String {
        """
        SELECT CASE status WHEN 'PROCESSING' THEN 'RUNNING' ELSE status END, progress_done, progress_total, NULL
        FROM tasks WHERE token = '\(token)' AND status <> 'FAILED'
        UNION ALL
        SELECT state, progress_done, progress_total, result FROM task_results WHERE token = '\(token)'
        """
    }

    private static let reverse = "python3 -c 'import json, sys; print(json.load(sys.stdin)[::-1], end=\"\")'"

    @Test("ask, token, result, as a web page would: by SQL alone", arguments: Scratch.Database.withPoolers)
    func page(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("REVERSE", Self.reverse)
            try await scratch.sql(
                "INSERT INTO tasks (task_name, data, token) VALUES ('REVERSE', '\"Hello World!\"', 'page-1')"
            )
            #expect(try await scratch.sql(Self.state("page-1")) == ["WAITING|||"])
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(try await scratch.sql(Self.state("page-1")) == ["COMPLETE|||!dlroW olleH"])
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test(
        "called synchronously, reverse of \"Hello World!\" is \"!dlroW olleH\"",
        arguments: Scratch.Database.withPoolers
    )
    func synchronous(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("REVERSE", Self.reverse)
            try scratch.handler("BAD", "echo 'no such mailbox' >&2; exit 65")
            let answer = try await scratch.taskrun("add", "REVERSE", "\"Hello World!\"", "--wait")
            #expect((answer.status, answer.output, answer.errors) == (0, "!dlroW olleH", ""))
            let bad = try await scratch.taskrun("add", "BAD", "--wait")
            #expect(
                bad.status == 1 && bad.output.isEmpty && bad.errors.contains("FAILED: exit status 65: no such mailbox")
            )
            let object = try #require(
                try await scratch.taskrun("add", "REVERSE", "\"ab\"", "--wait", "--json").objects().first
            )
            #expect(object["status"] as? String == "COMPLETE" && object["result"] as? String == "ba")
        }
    }

    @Test(
        "what --wait cannot end in time is given back, and no attempt is lost",
        arguments: Scratch.Database.withPoolers
    )
    func patience(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("SLOW", "exec sleep 600")
            let words = ["add", "SLOW", "--wait", "--wait-timeout", "1s", "--with-token", "t"]
            let answer = try await scratch.start(words).answer()
            #expect(answer.status == 75 && answer.output.isEmpty, "\(answer)")
            #expect(try await scratch.sql("SELECT status, attempts, token FROM tasks") == ["WAITING|0|t"])
            // Nobody here can perform it: it is waited for, and another run does it.
            let call = try scratch.start(["add", "ELSEWHERE", "{}", "--wait", "--with-token", "e"])
            try await eventually("it is waited for") { try call.errorsSoFar().contains("no handler for ELSEWHERE") }
            try scratch.handler("ELSEWHERE", "echo done")
            try await scratch.taskrunOK("once", "--only", "ELSEWHERE")
            let end = try await call.answer()
            #expect((end.status, end.output) == (0, "done\n"))
        }
    }

    @Test("four states are seen from outside, and progress within two seconds", arguments: Scratch.Database.withPoolers)
    func states(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            let wait = "while [ ! -e \(scratch.folder.path)/go ]; do sleep 0.05; done"
            try scratch.handler(
                "HALF",
                "echo progress=1/2 >> $TASKRUN_OUTPUT; touch \(scratch.folder.path)/said; \(wait); [ ! -e \(scratch.folder.path)/fail ] || exit 65"
            )
            let token = try await scratch.taskrun("add", "HALF", "--token").output.trimmingCharacters(in: .newlines)
            #expect(token.wholeMatch(of: /[0-9a-f]{32}/) != nil)
            let waiting = try await scratch.taskrun("result", token)
            #expect((waiting.status, waiting.output, waiting.errors) == (75, "", "WAITING\n"))
            let run = try scratch.start(["once"])
            try await eventually("the handler has reported") { scratch.has("said") }
            let reported = ContinuousClock.now
            try await eventually("progress is seen") {
                try await scratch.sql(Self.state(token)) == ["RUNNING|1|2|"]
            }
            // Two seconds on an idle machine: here others build beside it.
            #expect(reported.duration(to: .now) < .seconds(20))
            let running = try await scratch.taskrun("result", token)
            #expect((running.status, running.errors) == (75, "RUNNING 1/2\n"))
            #expect(try await scratch.taskrun("show", "1").output.contains("1/2"))
            let over = try await scratch.taskrun("wait", token, "--timeout", "200ms")
            #expect((over.status, over.output) == (75, ""))
            let call = try scratch.start(["wait", token, "--timeout", "120s"])
            try scratch.write("", to: "fail")
            try scratch.write("", to: "go")
            #expect(try await run.answer().status == 0)
            let failed = try await call.answer()
            #expect(failed.status == 1 && failed.errors.hasPrefix("FAILED: exit status 65"), "\(failed)")
            try FileManager.default.removeItem(at: scratch.folder.appending(path: "fail"))
            try await scratch.taskrunOK("retry", "1")
            try await scratch.taskrunOK("once")
            let complete = try await scratch.taskrun("result", token, "--json")
            #expect(complete.status == 0)
            #expect(try complete.objects().first?["status"] as? String == "COMPLETE")
            #expect(try complete.objects().first?["progress_done"] as? Int == 1)
            let unknown = try await scratch.taskrun("result", "nobody")
            #expect((unknown.status, unknown.output) == (66, ""))
            let many = try await scratch.taskrun("wait", token, "nobody")
            #expect((many.status, many.lines) == (66, ["\(token) COMPLETE", "nobody UNKNOWN"]))
        }
    }

    @Test(
        "cancel ends a program, takes a waiting task back, and leaves what has ended",
        arguments: Scratch.Database.withPoolers
    )
    func cancel(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("LONG", "touch \(scratch.folder.path)/began; exec sleep 600")
            try scratch.handler("OK", "echo fine")
            try await scratch.taskrunOK("add", "LONG", "--with-token", "long")
            try await scratch.taskrunOK("add", "OK", "--with-token", "42", "--delay", "1h")
            try await scratch.taskrunOK("add", "OK", "--with-token", "ok")
            let run = try scratch.start(["once", "--json"])
            try await eventually("the handler has begun") { scratch.has("began") }
            try await eventually("the short one has ended") {
                try await scratch.sql("SELECT count(*) FROM task_results WHERE token = 'ok'") == ["1"]
            }
            let answer = try await scratch.taskrun("cancel", "long", "ok", "99", "--json")
            #expect(answer.status == 1)
            #expect(
                answer.lines == [
                    #"{"task":"long","outcome":"asked"}"#, #"{"task":"ok","outcome":"ended","status":"COMPLETE"}"#,
                    #"{"task":"99","outcome":"unknown"}"#,
                ]
            )
            let end = try await run.answer()
            #expect(try end.objects().first?["cancelled"] as? Int == 1)
            #expect(try await scratch.taskrun("result", "long").status == 2)
            #expect(try await scratch.taskrun("cancel", "--token", "42").lines == ["42 is cancelled"])
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test(
        "a cancel at the moment of the end leaves one end, and the right one",
        arguments: Scratch.Database.withPoolers
    )
    func race(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("QUICK", "echo x")
            for number in 1...10 {
                try await scratch.taskrunOK("add", "QUICK", "--with-token", "t\(number)")
                let run = try scratch.start(["once"])
                let cancel = try await scratch.taskrun("cancel", "t\(number)")
                #expect(try await run.answer().status == 0)
                let states = try await scratch.sql("SELECT state FROM task_results WHERE token = 't\(number)'")
                #expect(states.count == 1)
                if cancel.output.contains("is cancelled") { #expect(states == ["CANCELLED"]) }
                if cancel.output.contains("has ended") { #expect(states == ["COMPLETE"]) }
                #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
            }
        }
    }

    @Test(
        "tokens that are used twice, too long or odd are refused, in lines too",
        arguments: Scratch.Database.withPoolers
    )
    func badTokens(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try await scratch.taskrunOK("add", "A", "--with-token", "t")
            let twice = try await scratch.taskrun("add", "A", "--with-token", "t")
            #expect(twice.status == 65)
            #expect(twice.errors.contains("task 1 \"A\", WAITING, has the same token"))
            #expect(try await scratch.taskrun("add", "A", "--with-token", "").status == 65)
            for token in ["a\nb", String(repeating: "x", count: 201)] {
                #expect(try await scratch.taskrun("add", "A", "--with-token=\(token)").status == 65)
            }
            let million = String(repeating: "x", count: 1_000_000)
            let lines = ["t", million, "a\\u0001b", "a\\u0000b"].map { "{\"task_name\":\"A\",\"token\":\"\($0)\"}\n" }
            for line in lines { #expect(try await scratch.taskrun("add", "-", input: line).status == 65) }
            let good = "{\"task_name\":\"A\",\"token\":\"line\"}\n"
            let some = try await scratch.taskrun("add", "-", "--skip-bad", input: lines.joined() + good)
            #expect(some.status == 1 && some.lines.count == 1)
            #expect(try await scratch.sql("SELECT token FROM tasks ORDER BY token") == ["line", "t"])
        }
    }

    @Test("a result over the cap is cut, and everybody is told", arguments: Scratch.Database.withPoolers)
    func cap(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.write(
                "max_result: 3MB\noutput_limit: 1KB\ntasks:\n  BIG:\n    keep_result: 1m\n",
                to: "taskrun.yaml"
            )
            try scratch.handler("BIG", "head -c $(cat) /dev/zero | tr '\\0' x")
            try await scratch.taskrunOK("add", "BIG", "3145728", "--with-token", "fits")
            try await scratch.taskrunOK("add", "BIG", "3145729", "--with-token", "big")
            try await scratch.taskrunOK("once")
            try await scratch.taskrunOK("add", "BIG", "1", "--with-token", "cancelled")
            try await scratch.taskrunOK("cancel", "cancelled")
            let fits = try await scratch.taskrun("result", "fits")
            #expect((fits.status, fits.output.count, fits.errors) == (0, 3 << 20, ""))
            let big = try await scratch.taskrun("result", "big")
            #expect((big.status, big.output.count) == (0, 3 << 20))
            #expect(big.errors == "COMPLETE, but of 3145729 bytes only 3145728 were kept (setting max_result)\n")
            let kept =
                database == .sqlite
                ? "SELECT round((julianday(expires_at) - julianday(finished_at)) * 86400) = 60 FROM task_results"
                : "SELECT (expires_at - finished_at = interval '60 s')::int FROM task_results"
            #expect(try await scratch.sql(kept) == ["1", "1", "1"])
        }
    }

    @Test(
        "to wait for a task that is left to an ordinary run begins no runs here, and says so once",
        arguments: Scratch.Database.withPoolers,
        [
            (["--queue", "held"], "queue held is paused"), (["--lock-key", "k"], "it has a lock_key"),
            (["--queue", "few"], "queue few is limited"), (["--after-batch", "b"], "it waits for batch b"),
        ]
    )
    func leftToOthers(_ database: Scratch.Database, _ left: (by: [String], reason: String)) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("A", "exit 0")
            try scratch.write("#!/bin/sh\necho x >> starts\n", to: "hooks/run-start", mode: 0o755)
            try await scratch.taskrunOK("pause", "held")
            try await scratch.taskrunOK("limit", "few", "--running", "0")
            try await scratch.taskrunOK("add", "B", "--batch", "b", "--delay", "1h")
            let call = try await scratch.start(["add", "A", "--wait", "--wait-timeout", "8s"] + left.by).answer()
            #expect(call.status == 75, "\(call)")
            #expect(call.errors == "This task is left to an ordinary run: \(left.reason).\nWAITING\n")
            #expect(!scratch.has("starts"))
            #expect(try await scratch.sql("SELECT status, attempts FROM tasks WHERE task_name = 'A'") == ["WAITING|0"])
        }
    }

    @Test("to wait for a place among this host's handlers begins no runs", arguments: Scratch.Database.withPoolers)
    func crowded(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            let scratch = scratch.setting(["TASKRUN_CONCURRENCY": "1"])
            try scratch.handler("LONG", "touch began; until [ -e go ]; do sleep 0.05; done")
            try scratch.handler("A", "echo done")
            try scratch.write("#!/bin/sh\necho x >> starts\n", to: "hooks/run-start", mode: 0o755)
            try await scratch.taskrunOK("add", "LONG")
            let run = try scratch.start(["once", "--only", "LONG"])
            try await eventually("the handler has begun") { scratch.has("began") }
            let call = try await scratch.taskrun("add", "A", "--wait", "--wait-timeout", "3s", "--with-token", "t")
            #expect(call.status == 75, "\(call)")
            #expect(try String(contentsOf: scratch.folder.appending(path: "starts"), encoding: .utf8) == "x\n")
            try scratch.write("", to: "go")
            #expect(try await run.answer().status == 0)
            let second = try await scratch.taskrun("add", "A", "--wait")
            #expect((second.status, second.output) == (0, "done\n"))
        }
    }

    @Test(
        "what was not begun in time is not performed by --wait, but FAILED",
        arguments: Scratch.Database.withPoolers,
        [["--expires", "0s"], ["--delay", "2s", "--expires", "1s"]]
    )
    func expired(_ database: Scratch.Database, _ options: [String]) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("W", "touch performed")
            try scratch.write("#!/bin/sh\ncat >> told\n", to: "hooks/on-failed", mode: 0o755)
            let words = ["add", "W", "--wait", "--wait-timeout", "120s", "--with-token", "t"]
            let call = try await scratch.start(words + options).answer()
            #expect(call.status == 1 && call.errors.hasPrefix("FAILED: expired: not begun by "), "\(call)")
            #expect(!scratch.has("performed"))
            let told = try String(contentsOf: scratch.folder.appending(path: "told"), encoding: .utf8)
            #expect(told.split(separator: "\n").count == 1 && told.contains(#""error":"expired"#), "\(told)")
            #expect(try await scratch.sql("SELECT status, attempts FROM tasks") == ["FAILED|0"])
            #expect(try await scratch.sql("SELECT state FROM task_results") == ["FAILED"])
        }
    }

    @Test("to cancel, digits alone are a number, and all else is a token", arguments: Scratch.Database.withPoolers)
    func numberOrToken(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try await scratch.taskrunOK("add", "A")
            for token in ["+1", "-1"] { try await scratch.taskrunOK("add", "A", "--with-token=\(token)") }
            #expect(
                try await scratch.taskrun("cancel", "+1", "--", "-1").lines == ["+1 is cancelled", "-1 is cancelled"]
            )
            #expect(try await scratch.sql("SELECT id FROM tasks") == ["1"])
            #expect(try await scratch.taskrun("cancel", "1").lines == ["1 is cancelled"])
        }
    }

    @Test("to wait on a terminal shows how far the task is")
    func progressBar() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler(
                "HALF",
                "echo progress=1/2 >> $TASKRUN_OUTPUT; until [ -e go ]; do sleep 0.05; done; echo end"
            )
            try await scratch.taskrunOK("add", "HALF", "--with-token", "t")
            let run = try scratch.start(["once"])
            let wait = try PseudoTerminal.start(["wait", "t"], at: scratch)
            try await eventually("no bar is shown") { try wait.outputSoFar().contains("██████████░░░░░░░░░░   50 %") }
            try scratch.write("", to: "go")
            let answer = try await wait.answer()
            #expect(answer.status == 0 && answer.output.hasSuffix("\u{1b}[Kend\r\n"), "\(answer)")
            #expect(try await run.answer().status == 0)
        }
    }

    @Test(
        "a stream handler's progress that makes no sense is ignored, with one warning a task",
        arguments: Scratch.Database.withPoolers
    )
    func senselessStream(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler(
                "ODD.stream",
                """
                echo '{"hello":1,"keys":[]}'
                while IFS= read -r line; do
                    task=${line#*:}; task=${task%%,*}
                    for value in '[7,3]' '[-1,0]' '"x"'; do printf '{"task":%s,"progress":%s}\\n' "$task" "$value"; done
                    printf '{"task":%s,"ok":true,"result":1}\\n' "$task"
                done
                """
            )
            _ = try await scratch.taskrun("add", "ODD", "--with-token", "t")
            _ = try await scratch.taskrun("add", "ODD", "--with-token", "u")
            let run = try await scratch.taskrun("once", "--concurrency", "1")
            #expect(run.status == 0)
            #expect(run.errors.split(separator: "\n").count { $0.contains("makes no sense") } == 2, "\(run.errors)")
            #expect(
                try await scratch.sql("SELECT state, result, progress_done FROM task_results ORDER BY token") == [
                    "COMPLETE|1|", "COMPLETE|1|",
                ]
            )
        }
    }

    @Test(
        "progress that makes no sense is ignored, with one warning",
        arguments: Scratch.Database.withPoolers,
        ["7/3", "-1/0", "x"]
    )
    func badProgress(_ database: Scratch.Database, _ value: String) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("ODD", "for i in 1 2 3; do echo progress=\(value) >> $TASKRUN_OUTPUT; done")
            try await scratch.taskrunOK("add", "ODD", "--with-token", "t")
            let run = try await scratch.taskrun("once")
            #expect(run.status == 0)
            #expect(run.errors.split(separator: "\n").count { $0.contains("progress=\(value)") } == 1, "\(run.errors)")
            #expect(try await scratch.sql("SELECT state, progress_done FROM task_results") == ["COMPLETE|"])
        }
    }

    @Test("--reuse takes the result of an equal task", arguments: Scratch.Database.withPoolers)
    func reuse(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("COUNT", "echo x >> count; wc -l < count | tr -d ' '")
            func call(_ data: String, _ more: String...) async throws -> String {
                try await scratch.start(["add", "COUNT", data, "--wait"] + more).answer().output
            }
            #expect(try await call("1", "--reuse", "10m") == "1\n")
            #expect(try await call("1", "--reuse", "10m") == "1\n")
            #expect(try await call("2", "--reuse", "10m") == "2\n")
            #expect(try await call("1") == "3\n")
            let object = try #require(
                try await scratch.taskrun("add", "COUNT", "1", "--reuse", "10m", "--json").objects().first
            )
            #expect(object["reused"] as? Bool == true)
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }
}
