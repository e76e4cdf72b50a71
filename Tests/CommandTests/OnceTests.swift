import Foundation
import Testing

@testable import TaskRunCLI

/// `once` without a terminal, as cron runs it.
@Suite struct OnceTests {
    static let keys = [
        "claimed", "succeeded", "retried", "failed", "released", "recovered", "lease_lost", "waiting", "skipped",
        "cancelled", "gave_way", "expired", "seconds",
    ]

    @Test("a run in which all went well prints nothing")
    func silence() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("OK", "cat >/dev/null; echo result; echo noise >&2")
            try scratch.handler("AGAIN", "exit 3")
            #expect(try await scratch.taskrun("once").output.isEmpty)
            for name in ["OK", "OK", "AGAIN"] { try await scratch.taskrunOK("add", name) }
            let answer = try await scratch.taskrun("once")
            #expect(answer.status == 0)
            #expect(answer.output.isEmpty)
            #expect(answer.errors.isEmpty, "\(answer.errors)")
            #expect(try await scratch.sql("SELECT task_name, status, attempts FROM tasks") == ["AGAIN|WAITING|1"])
        }
    }

    @Test("a task that became FAILED is named with the first line of its error and where to look")
    func failed() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("BAD", "echo 'no such mailbox' >&2; echo more >&2; exit 65")
            try await scratch.taskrunOK("add", "BAD")
            let answer = try await scratch.taskrun("once")
            #expect(answer.status == 0)
            #expect(answer.output.isEmpty)
            #expect(answer.errors.contains("Task 1 BAD is FAILED: "))
            #expect(answer.errors.contains("no such mailbox"))
            #expect(!answer.errors.contains("more"))
            #expect(answer.errors.contains(/See: taskrun --database sqlite:\/\S*\/tasks.db show 1\n/))
            #expect(answer.errors.filter { $0 == "\n" }.count == 1)
            try await scratch.taskrunOK("add", "BAD")
            #expect(try await scratch.taskrun("once", "--fail-on-failed").status == 1)
            #expect(try await scratch.taskrun("once", "--fail-on-failed").status == 0)
        }
    }

    @Test("of many FAILED tasks the first twenty are named and the rest is counted")
    func manyFailed() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("BAD", "exit 65")
            try await scratch.taskrunOK("add", "-")
            let lines = String(repeating: "{\"task_name\":\"BAD\"}\n", count: 25)
            #expect(try await scratch.taskrun("add", "-", input: lines).status == 0)
            let answer = try await scratch.taskrun("once")
            #expect(answer.errors.matches(of: #/Task \d+ BAD is FAILED/#).count == 20)
            #expect(answer.errors.contains(/5 more tasks are FAILED. See: taskrun --database \S+ list --status FAILED/))
        }
    }

    @Test("a name without a handler is told with the nearest known name, and not where names were chosen")
    func unknownNames() async throws {
        try await Scratch.with { scratch async throws in
            for _ in 0..<3 { try await scratch.taskrunOK("add", "CONTACT_EMIAL") }
            let answer = try await scratch.taskrun("once")
            #expect(answer.status == 0)
            #expect(
                answer.errors
                    == "Tasks named \"CONTACT_EMIAL\" wait, but no host has a handler of that name (did you mean \"CONTACT_EMAIL\"?).\n"
            )
            #expect(try await scratch.taskrun("once", "--only", "CONTACT_EMAIL").errors.isEmpty)
            #expect(try await scratch.taskrun("once", "--queue", "default").errors.isEmpty)
            #expect(try await scratch.sql("SELECT DISTINCT status, attempts FROM tasks") == ["WAITING|0"])
        }
    }

    @Test("--only takes names that have a handler, and answers others with the nearest")
    func only() async throws {
        try await Scratch.with { scratch async throws in
            for name in ["ONE", "TWO", "THREE"] {
                try scratch.handler(name, "exit 0")
                try await scratch.taskrunOK("add", name)
            }
            let answer = try await scratch.taskrun("once", "--only", "ONE,TWOO")
            #expect(answer.status == 64)
            #expect(answer.errors.contains("--only names \"TWOO\", which has no handler here (did you mean \"TWO\"?)"))
            let swapped = try await scratch.taskrun("once", "--only", "OEN")
            #expect(swapped.errors.contains("(did you mean \"ONE\"?)"))
            #expect(try await scratch.taskrun("once", "--only", "ONE, TWO").status == 0)
            #expect(try await scratch.sql("SELECT task_name FROM tasks") == ["THREE"])
        }
    }

    @Test("--queue and --limit bound what is claimed")
    func queueAndLimit() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("OK", "exit 0")
            for queue in ["a", "b", "c", "a"] { try await scratch.taskrunOK("add", "OK", "--queue", queue) }
            let answer = try await scratch.taskrun("once", "--queue", "a,b", "--limit", "2", "--json")
            let object = try #require(try answer.objects().first)
            #expect(object["claimed"] as? Int == 2)
            #expect(object["waiting"] as? Int == 2)
            try await scratch.taskrunOK("once", "--queue", "a", "--queue", "b")
            #expect(try await scratch.sql("SELECT queue FROM tasks") == ["c"])
        }
    }

    @Test("once --json ends with one object with the documented keys")
    func json() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("OK", "exit 0")
            try scratch.handler("AGAIN", "exit 3")
            try scratch.handler("BAD", "exit 65")
            for name in ["OK", "AGAIN", "BAD", "NOBODY"] { try await scratch.taskrunOK("add", name) }
            let answer = try await scratch.taskrun("once", "--json")
            #expect(answer.status == 0)
            #expect(answer.lines.count == 1)
            let keys = answer.output.matches(of: #/"([a-z_]+)":/#).map { String($0.1) }
            #expect(keys == Self.keys)
            let object = try #require(try answer.objects().first)
            #expect(Self.keys.map { object[$0] as? Int }.prefix(8) == [3, 1, 1, 1, 0, 0, 0, 2])
            #expect(try #require(object["seconds"] as? Double) >= 0)
        }
    }

    @Test("after SIGTERM nothing new begins, and unfinished tasks are WAITING with the attempts they had")
    func sigterm() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.write("grace: 10s\nconcurrency: 1\n", to: "taskrun.yaml")
            try scratch.handler("WAIT", "touch began; exec sleep 600")
            for _ in 0..<3 { try await scratch.taskrunOK("add", "WAIT") }
            let run = try scratch.start(["once", "--json"])
            try await eventually("the handler has begun") { scratch.has("began") }
            kill(run.pid, SIGTERM)
            let answer = try await run.answer()
            #expect(answer.status == 0)
            #expect(answer.errors.isEmpty, "\(answer.errors)")
            #expect(try await scratch.sql("SELECT DISTINCT status, attempts, crashes FROM tasks") == ["WAITING|0|0"])
            let object = try #require(try answer.objects().first)
            #expect(object["succeeded"] as? Int == 0)
            #expect(object["waiting"] as? Int == 3)
        }
    }

    @Test("a second SIGINT cancels running handlers at once")
    func twice() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.write("grace: 1h\n", to: "taskrun.yaml")
            try scratch.handler("WAIT", "touch began; exec sleep 600")
            try await scratch.taskrunOK("add", "WAIT")
            let run = try scratch.start(["once", "--log-level", "notice"])
            try await eventually("the handler has begun") { scratch.has("began") }
            kill(run.pid, SIGINT)
            // Two of a kind that are pending at the same time count as one.
            try await eventually("the first one is seen") { try run.errorsSoFar().contains("asked to stop") }
            kill(run.pid, SIGINT)
            #expect(try await run.answer().status == 0)
            #expect(try await scratch.sql("SELECT status, attempts FROM tasks") == ["WAITING|0"])
        }
    }

    @Test("the tasks of a killed run are taken over at once, and what it left at work is ended first")
    func killed() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler(
                "WAIT",
                "echo $$ >> pids; [ -e second ] && exit 0; touch second; touch began; exec sleep 600"
            )
            try await scratch.taskrunOK("add", "WAIT")
            let first = try scratch.start(["once"])
            try await eventually("the handler has begun") { scratch.has("began") }
            kill(first.pid, SIGKILL)
            #expect(try await first.answer().status == 128 + SIGKILL)
            let second = try await scratch.taskrun("once", "--json")
            let object = try #require(try second.objects().first)
            #expect(object["recovered"] as? Int == 1)
            #expect(object["succeeded"] as? Int == 1)
            let pids = try String(contentsOf: scratch.folder.appending(path: "pids"), encoding: .utf8)
            let left = try #require(pids.split(separator: "\n").first.flatMap { Int32($0) })
            // Gone, or at least ended: whoever inherits it may not have reaped it yet.
            let stat = ProcessFile.text("/proc/\(left)/stat").flatMap { ProcessStat(parsing: $0) }
            #expect(stat?.hasEnded ?? true)
        }
    }

    @Test("overlapping runs share the host's places")
    func places() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.write("concurrency: 1\n", to: "taskrun.yaml")
            try scratch.handler("WAIT", "touch began; while [ ! -e go ]; do sleep 0.05; done")
            try scratch.handler("OK", "exit 0")
            try await scratch.taskrunOK("add", "WAIT")
            let first = try scratch.start(["once"])
            try await eventually("the handler has begun") { scratch.has("began") }
            try await scratch.taskrunOK("add", "OK")
            let second = try await scratch.taskrun("once", "--window", "500ms", "--json")
            #expect(try second.objects().first?["claimed"] as? Int == 0)
            try scratch.write("", to: "go")
            #expect(try await first.answer().status == 0)
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("a database that cannot be reached ends with 69, one that is none with 78")
    func exitCodes() async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let gone = try await scratch.taskrun("once", "--database", "postgres://127.0.0.1:1/x")
            #expect(gone.status == 69, "\(gone)")
            try scratch.write(String(repeating: "no database ", count: 200), to: "text.db")
            for command in ["once", "status", "list", "migrate", "check"] {
                #expect(try await scratch.taskrun(command, "--database", "sqlite:text.db").status == 78)
            }
        }
    }

    @Test("the log says more if asked to, and never a payload")
    func log() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("OK", "exit 0")
            try await scratch.taskrunOK("add", "OK", "{\"secret\":\"pa1load\"}")
            let answer = try await scratch.taskrun("once", "--log-level", "trace")
            #expect(
                answer.errors.contains(
                    #/\d+-\d\d-\d\dT[0-9:.]+Z info succeeded after \d+\.\d+ s attempt=1 task.id=1 task.name=OK/#
                )
            )
            #expect(!answer.errors.contains("pa1load"))
            #expect(answer.output.isEmpty)
        }
    }

    @Test("handlers never see the database's address, and see the variables that the settings list")
    func environment() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("ENV", "env > env")
            try await scratch.taskrunOK("add", "ENV")
            let place = scratch.setting([
                "TASKRUN_DATABASE": "sqlite:tasks.db", "TASKRUN_ENVIRONMENT": "COLOUR,SHAPE", "COLOUR": "red",
                "OTHER": "x",
            ])
            try await place.taskrunOK("once")
            let text = try String(contentsOf: scratch.folder.appending(path: "env"), encoding: .utf8)
            let names = text.split(separator: "\n").compactMap { $0.split(separator: "=").first.map(String.init) }
            #expect(names.contains("TASKRUN_TASK_ID"))
            #expect(names.contains("COLOUR"))
            #expect(!names.contains("OTHER"))
            #expect(!names.contains("TASKRUN_DATABASE"))
        }
    }

    @Test("programs of a handlers folder that is named by a relative path work in the folder around it")
    func relativeFolder() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.write("#!/bin/sh\npwd -P > where\n", to: "jobs/own/HERE", mode: 0o755)
            try scratch.write("", to: "elsewhere/here")
            try await scratch.taskrunOK("add", "HERE")
            let place = Scratch(folder: scratch.folder.appending(path: "elsewhere"), variables: scratch.variables)
            try await place.taskrunOK("--database", "sqlite:../tasks.db", "--handlers", "../jobs/own", "once")
            let folder = scratch.folder.resolvingSymlinksInPath().path
            let text = try String(contentsOf: scratch.folder.appending(path: "jobs/where"), encoding: .utf8)
            #expect(text == "\(folder)/jobs\n")
        }
    }

    @Test("a handlers folder that is named and missing ends with 78, and the other handlers' tasks are done")
    func missingFolder() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.write("mail:\n  outbox: out\n  from: a@example.org\n", to: "taskrun.yaml")
            try await scratch.taskrunOK("add", "CONTACT_EMAIL", "{\"email\":\"john@doe.example\"}")
            let answer = try await scratch.taskrun("once", "--handlers", "nowhere")
            #expect(answer.status == 78)
            #expect(
                answer.errors.contains(
                    "the folder \(scratch.folder.resolvingSymlinksInPath().path)/nowhere does not exist"
                )
            )
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("a table that stays locked ends with 75, says so in one line, and loses nothing")
    func locked() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("OK", "exit 0")
            try await scratch.taskrunOK("add", "OK")
            let shell = try Call(
                ["sqlite3", "tasks.db"],
                environment: scratch.environment,
                folder: scratch.folder,
                input: "BEGIN IMMEDIATE;\n.shell touch locked; while [ ! -e go ]; do sleep 0.05; done\nROLLBACK;\n"
            )
            try await eventually("the table is locked") { scratch.has("locked") }
            let answer = try await scratch.taskrun("once", "--window", "5s")
            #expect(answer.status == 75, "\(answer)")
            #expect(answer.errors.filter { $0 == "\n" }.count == 1, "\(answer.errors)")
            let logged = try await scratch.taskrun("once", "--json", "--log-level", "info", "--window", "5s")
            #expect(logged.status == 75)
            #expect(logged.errors.contains("database is locked"))
            let object = try #require(try logged.objects().first)
            #expect(object["claimed"] as? Int == 0)
            #expect(try #require(object["trouble"] as? String).contains("database is locked"))
            let shown = try await PseudoTerminal.taskrun("once", "--window", "5s", at: scratch)
            #expect(shown.output.contains("database is locked"))
            #expect(try await scratch.taskrun("add", "OK").status == 75)
            try scratch.write("", to: "go")
            #expect(try await shell.answer().status == 0)
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }
}
