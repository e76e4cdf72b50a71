import Foundation
import TestSupport
import Testing

/// What the machine or the server does not give is not the task's failure.
@Suite struct MachineTroubleTests {
    private func add(_ count: Int, _ name: String, to scratch: Scratch) async throws {
        let lines = String(repeating: "{\"task_name\":\"\(name)\",\"max_attempts\":1}\n", count: count)
        try #require(try await scratch.taskrun("add", "-", input: lines).status == 0)
    }

    /// Runs `taskrun` under limits, as a shell sets them.
    private func limited(_ limits: String, _ arguments: String, in scratch: Scratch) async throws -> Answer {
        let words = ["sh", "-c", "\(limits) && exec \(Scratch.binary) \(arguments)"]
        return try await Call(words, environment: scratch.environment, folder: scratch.folder).answer()
    }

    @Test("200 handlers at once are too many for 1,024 open files: fewer are at work, and no attempt is lost")
    func manyFiles() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("A", "exit 0")
            try await add(300, "A", to: scratch)
            let answer = try await limited("ulimit -n 1024", "once --concurrency 200 --drain", in: scratch)
            #expect(answer.status == 0)
            #expect(answer.errors.split(separator: "\n").count == 1, "\(answer.errors)")
            #expect(answer.errors.contains("at most 99 can be used: the limit of open files is 1024 (ulimit -n)"))
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("with too few open files a command ends in 75 with one line", arguments: [8, 12, 16, 24, 32])
    func fewFiles(_ limit: Int) async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("A", "exit 0")
            try await add(3, "A", to: scratch)
            let answer = try await limited("ulimit -n \(limit)", "once", in: scratch)
            #expect(answer.status == 75)
            #expect(answer.errors.split(separator: "\n").count == 1 && answer.errors.contains("ulimit -n"))
            #expect(try await scratch.sql("SELECT status, attempts, count(*) FROM tasks") == ["WAITING|0|3"])
        }
    }

    @Test("a file that goes, or is not a program any more, while a run is at work costs no attempt, and comes back")
    func deploy() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("A", "echo x >> began; while [ ! -e go ]; do sleep 0.01; done")
            try scratch.handler("OTHER", "exit 0")
            try await add(20, "A", to: scratch)
            let run = try scratch.start(["once", "--concurrency", "1", "--drain"])
            try await eventually("the first one has begun") { scratch.has("began") }
            let file = scratch.folder.appending(path: "handlers/A")
            let away = scratch.folder.appending(path: "handlers/A.old")
            try FileManager.default.moveItem(at: file, to: away)
            try await add(20, "OTHER", to: scratch)
            try scratch.write("", to: "go")
            let answer = try await run.answer()
            #expect(answer.status == 0)
            #expect(answer.errors.split(separator: "\n").count == 1 && answer.errors.contains("Tasks named A wait"))
            let rows = "SELECT task_name, status, attempts, count(*) FROM tasks GROUP BY 1, 2, 3"
            #expect(try await scratch.sql(rows) == ["A|WAITING|0|19"])
            try FileManager.default.moveItem(at: away, to: file)
            #expect(try await scratch.taskrun("once", "--drain").status == 0)
            #expect(try await scratch.sql(rows) == [])
        }
    }

    @Test("without room in the runtime directory nothing begins, and no attempt is lost")
    func noRoom() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("A", "exit 0")
            try await add(3, "A", to: scratch)
            #expect(try await scratch.taskrun("once", "--limit", "1").status == 0)
            // The folder is there and takes no more names: what a disk without inodes looks like to who makes a file in it.
            let words = ["chattr", "+i", scratch.folder.appending(path: "runtime").path]
            let locked = try await Call(words, environment: scratch.environment, folder: scratch.folder).answer()
            guard locked.status == 0 else { return }
            let answer = try await scratch.taskrun("once")
            let free = ["chattr", "-i", scratch.folder.appending(path: "runtime").path]
            _ = try await Call(free, environment: scratch.environment, folder: scratch.folder).answer()
            #expect(answer.errors.contains("TASKRUN_OUTPUT"))
            #expect(try await scratch.sql("SELECT status, attempts, count(*) FROM tasks") == ["WAITING|0|2"])
        }
    }

    @Test(
        "what a server undoes for a reason of its own costs an SQL file no attempt",
        arguments: ["40001", "40P01", "57P01", "57P03", "25006", "53200", "53100", "53300", "55P03", "58030", "08006"]
    )
    func serverTrouble(_ state: String) async throws {
        try await Scratch.with(.postgresql) { scratch async throws in
            let raise = "DO $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '\(state)'; END $$;\n"
            try scratch.write(raise, to: "handlers/TROUBLE.sql")
            try scratch.write("SELECT 1;\n", to: "handlers/FINE.sql")
            try await add(2, "TROUBLE", to: scratch)
            try await add(2, "FINE", to: scratch)
            let answer = try await scratch.taskrun("once")
            #expect(answer.errors.split(separator: "\n").count { $0.contains("Tasks named TROUBLE wait") } == 1)
            let rows = "SELECT task_name, status, attempts, count(*) FROM tasks GROUP BY 1, 2, 3"
            #expect(try await scratch.sql(rows) == ["TROUBLE|WAITING|0|2"])
        }
    }

    @Test("what an SQL file does wrong itself is its failure", arguments: ["23505", "P0001", "22012", "42P01"])
    func ownTrouble(_ state: String) async throws {
        try await Scratch.with(.postgresql) { scratch async throws in
            let raise = "DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '\(state)'; END $$;\n"
            try scratch.write(raise, to: "handlers/WRONG.sql")
            try await add(1, "WRONG", to: scratch)
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(try await scratch.sql("SELECT status, attempts FROM tasks") == ["FAILED|1"])
        }
    }

    @Test("SQL files that deadlock with each other are all performed, each once, with one attempt each")
    func deadlocks() async throws {
        try await Scratch.with(.postgresql) { scratch async throws in
            try await scratch.sql("CREATE TABLE accounts (id int PRIMARY KEY, n int)")
            try await scratch.sql("INSERT INTO accounts VALUES (1, 0), (2, 0)")
            func file(_ one: Int, _ two: Int) -> String {
                "UPDATE accounts SET n = n + 1 WHERE id = \(one); SELECT pg_sleep(0.05); "
                    + "UPDATE accounts SET n = n + 1 WHERE id = \(two);\n"
            }
            let fast = "SET LOCAL deadlock_timeout = '10ms'; "
            try scratch.write(fast + file(1, 2), to: "handlers/UP.sql")
            try scratch.write(fast + file(2, 1), to: "handlers/DOWN.sql")
            try await add(6, "UP", to: scratch)
            try await add(6, "DOWN", to: scratch)
            let answer = try await scratch.taskrun("once", "--concurrency", "4", "--drain")
            #expect(answer.status == 0)
            // Where one was given back as often as it met another, the next run performs it.
            _ = try await scratch.taskrun("once", "--concurrency", "1", "--drain")
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
            #expect(try await scratch.sql("SELECT n FROM accounts ORDER BY id") == ["12", "12"])
        }
    }

    @Test("an SQL file waits for a server that begins anew, and costs no attempt")
    func restart() async throws {
        let server = try await PostgreSQLServer.start()
        do {
            try await Scratch.with(.postgresql, server: server) { scratch async throws in
                try await scratch.sql("CREATE TABLE done (n int)")
                let script = "INSERT INTO done VALUES (1); SELECT pg_sleep(0.3);\n"
                try scratch.write(script, to: "handlers/SLOW.sql")
                try await add(20, "SLOW", to: scratch)
                let run = try scratch.start(["once", "--concurrency", "2"])
                try await eventually("one is done") { try await scratch.sql("SELECT count(*) FROM done") != ["0"] }
                try await server.restart(.fast)
                _ = try await run.answer()
                _ = try await scratch.taskrun("once", "--concurrency", "4", "--drain")
                #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
                #expect(try await scratch.sql("SELECT count(*) FROM done") == ["20"])
            }
        } catch {
            try? await server.stop(.immediate)
            throw error
        }
        try await server.stop()
    }

    @Test("an SQLite file that somebody keeps locked for 7 s costs an SQL file no attempt")
    func lockedFile() async throws {
        try await Scratch.with { scratch async throws in
            try await scratch.sql("CREATE TABLE done (n int)")
            try scratch.write("INSERT INTO done VALUES (1);\n", to: "handlers/INSERTION.sql")
            // Both are claimed at once; the hook lets the SQL file begin when the other one has locked the database.
            let shell = "(echo 'BEGIN IMMEDIATE;'; : > locked; sleep 7; echo 'COMMIT;') | sqlite3 tasks.db"
            try scratch.handler("LOCK", shell)
            let wait = "[ $TASKRUN_TASK_NAME = LOCK ] || while [ ! -e locked ]; do sleep 0.01; done"
            try scratch.write("#!/bin/sh\n\(wait)\nsleep 0.1\nexit 0\n", to: "hooks/before-perform", mode: 0o755)
            try await add(1, "LOCK", to: scratch)
            try await add(1, "INSERTION", to: scratch)
            #expect(try await scratch.taskrun("once", "--concurrency", "2", "--window", "40s").status == 0)
            _ = try await scratch.taskrun("once")
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
            #expect(try await scratch.sql("SELECT count(*) FROM done") == ["1"])
        }
    }
}
