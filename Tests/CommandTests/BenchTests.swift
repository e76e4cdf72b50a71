import Foundation
import TestSupport
import Testing

/// Measurements: what they say, and that they leave nothing behind.
@Suite struct BenchTests {
    static let keys: Set = [
        "added_per_second", "performed_per_second", "cpu_ms_per_1000", "peak_memory_mib", "latency_p50_ms",
        "latency_p99_ms", "latency_tasks", "tasks", "bytes", "concurrency", "runs", "performed_by_run", "database",
        "version", "journal_mode", "synchronous", "synchronous_commit", "fsync", "notify", "seconds_adding", "seconds",
    ]

    @Test("bench leaves existing tasks alone and removes its tables", arguments: Scratch.Database.allCases)
    func untouched(_ database: Scratch.Database) async throws {
        try await Scratch.alone(database) { scratch async throws in
            try await scratch.taskrunOK("add", "CONTACT_EMAIL", "{\"email\":\"ada@example.com\"}")
            let before = try await scratch.sql("SELECT * FROM tasks")
            let answer = try await scratch.taskrun("bench", "-n", "300", "--json", "--bytes", "500", "--latency", "20")
            #expect(answer.status == 0, "\(answer.errors)")
            #expect(answer.errors.isEmpty)
            let object = try #require(try answer.objects().first)
            #expect(Set(object.keys) == Self.keys)
            #expect(object["tasks"] as? Int == 300)
            #expect(object["bytes"] as? Int == 500)
            #expect(object["performed_by_run"] as? [Int] == [300])
            #expect(object["database"] as? String == database.rawValue)
            for key in ["added_per_second", "performed_per_second", "peak_memory_mib", "latency_p50_ms", "seconds"] {
                #expect((object[key] as? Double ?? 0) > 0, "\(key)")
            }
            #expect(try await scratch.sql("SELECT * FROM tasks") == before)
            #expect(try await scratch.benchLeftovers(database).isEmpty)
        }
    }

    @Test("bench needs no tables, and says what it measured", arguments: Scratch.Database.allCases)
    func figures(_ database: Scratch.Database) async throws {
        try await Scratch.alone(database, tables: false) { scratch async throws in
            let answer = try await scratch.taskrun(
                "bench",
                "-n",
                "2000",
                "--concurrency",
                "3",
                "--latency",
                "0"
            )
            #expect(answer.status == 0, "\(answer.errors)")
            #expect(answer.lines.first?.contains("2,000 tasks of 2 bytes, concurrency 3") == true)
            #expect(answer.lines.contains { $0.hasPrefix("performed ") })
            #expect(!answer.output.contains("From commit"))
            #expect(try await scratch.benchLeftovers(database).isEmpty)
            #expect(!scratch.has("tasks.db"))
        }
    }

    @Test("after SIGINT and SIGTERM nothing is left", arguments: Scratch.Database.allCases, [SIGINT, SIGTERM])
    func stopped(_ database: Scratch.Database, _ signal: Int32) async throws {
        try await Scratch.alone(database, tables: false) { scratch async throws in
            let call = try scratch.start(["bench", "-n", "3000000"])
            try await eventually("the scratch tables are there") { try await !scratch.benchLeftovers(database).isEmpty }
            kill(call.pid, signal)
            let answer = try await call.answer()
            #expect(answer.status == 1, "\(answer)")
            #expect(answer.output.isEmpty)
            #expect(answer.errors == "Stopped; the scratch tables are removed.\n")
            #expect(try await scratch.benchLeftovers(database).isEmpty)
        }
    }

    @Test(
        "what a kill left behind is named by the next, with the way to remove it",
        arguments: Scratch.Database.allCases
    )
    func killed(_ database: Scratch.Database) async throws {
        try await Scratch.alone(database, tables: false) { scratch async throws in
            let call = try scratch.start(["bench", "-n", "3000000"])
            try await eventually("the scratch tables are there") { try await !scratch.benchLeftovers(database).isEmpty }
            kill(call.pid, SIGKILL)
            _ = try await call.answer()
            let name = try #require(try await scratch.benchLeftovers(database).first)
            let answer = try await scratch.taskrun("bench", "-n", "10")
            #expect(answer.status == 0, "\(answer.errors)")
            let removal = database == .sqlite ? "rm \(name)*" : "DROP SCHEMA \(name) CASCADE;"
            #expect(answer.errors.contains(removal), "\(answer.errors)")
        }
    }

    @Test("an error in the middle leaves nothing behind either")
    func failed() async throws {
        try await Scratch.alone(.postgresql, tables: false) { scratch async throws in
            let call = try scratch.start(["bench", "-n", "3000000"])
            try await eventually("it is at work") { try await !scratch.benchLeftovers(.postgresql).isEmpty }
            try await eventually("its connection is ended") {
                try await scratch.sql(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'COPY tasks%'
                    """
                ) == ["t"]
            }
            let answer = try await call.answer()
            #expect(answer.status == 69, "\(answer)")
            #expect(answer.errors.hasPrefix("Error: cannot add tasks in "))
            #expect(try await scratch.benchLeftovers(.postgresql).isEmpty)
        }
    }

    @Test("without the right to make a schema it says which right is missing")
    func noRight() async throws {
        try await Scratch.alone(.postgresql, tables: false) { scratch async throws in
            let role = "bench_\(UUID().uuidString.prefix(8).lowercased())"
            try await scratch.sql("CREATE ROLE \(role) LOGIN")
            let url = try #require(scratch.variables["TASKRUN_DATABASE"])
            let other = url.replacing("postgres@", with: "\(role)@")
            let answer = try await scratch.taskrun("--database", other, "bench", "-n", "10")
            #expect(answer.status == 78, "\(answer.errors)")
            #expect(answer.errors.contains("GRANT CREATE ON DATABASE"))
            try await scratch.sql("DROP ROLE \(role)")
        }
    }

    @Test("--notify measures with the triggers that wake a waiting run")
    func notify() async throws {
        try await Scratch.alone(.postgresql, tables: false) { scratch async throws in
            for (flags, notify) in [([], false), (["--notify"], true)] {
                let answer = try await scratch.start(["bench", "-n", "10", "--json", "--latency", "5"] + flags).answer()
                let object = try #require(try answer.objects().first, "\(answer.errors)")
                #expect(object["notify"] as? Bool == notify)
                #expect(object["latency_tasks"] as? Int == 5)
            }
        }
    }

    @Test("the scratch file has the journal mode of the named one, or the one that is asked for")
    func journal() async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            try await scratch.sql("PRAGMA journal_mode = WAL; CREATE TABLE other (id)")
            func mode(_ more: String...) async throws -> [String?] {
                let answer = try await scratch.start(["bench", "-n", "10", "--json", "--latency", "0"] + more).answer()
                let object = try #require(try answer.objects().first, "\(answer.errors)")
                return [object["journal_mode"] as? String, object["synchronous"] as? String]
            }
            #expect(try await mode() == ["wal", "full"])
            #expect(try await mode("--journal", "delete", "--synchronous", "off") == ["delete", "off"])
            #expect(try await scratch.sql("SELECT count(*) FROM sqlite_schema") == ["1"])
            let normal = try await scratch.setting(["TASKRUN_SQLITE_SYNCHRONOUS": "normal"])
                .taskrun("bench", "-n", "10", "--json", "--latency", "0")
            #expect(try normal.objects().first?["synchronous"] as? String == "normal")
        }
    }

    @Test(
        "values that make no sense are usage errors",
        arguments: [
            ["-n", "0"], ["-n", "many"], ["-n", "-5"], ["--bytes", "1"], ["--synchronous", "maybe"],
            ["--journal", "memory"], ["--concurrency", "0"], ["--notify"], ["--latency", "-1"],
        ]
    )
    func usage(_ arguments: [String]) async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let answer = try await scratch.start(["bench"] + arguments).answer()
            #expect(answer.status == 64, "\(answer.errors)")
            #expect(answer.output.isEmpty)
        }
    }

    @Test("on a terminal it is shown how far it is, and nowhere else")
    func progress() async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let shown = try await PseudoTerminal.taskrun("bench", "-n", "60000", at: scratch)
            #expect(shown.status == 0)
            #expect(shown.output.contains(#/Performing  █*░*  +\d+ %  [\d,]+ of 60,000/#))
            #expect(shown.output.contains("\u{1b}[32m"))
            #expect(!(try await scratch.taskrun("bench", "-n", "20").output.contains("\u{1b}")))
        }
    }
}

extension Scratch {
    /// The scratch tables that are there: files without their companions, or schemas.
    fileprivate func benchLeftovers(_ database: Database) async throws -> [String] {
        guard database == .sqlite else {
            return try await sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'taskrun\\_bench\\_%'")
        }
        return try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasPrefix("taskrun_bench_") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }
            .filter { !$0.hasSuffix("-journal") }
    }
}
