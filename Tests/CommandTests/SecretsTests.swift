import Foundation
import TestSupport
import Testing

@testable import TaskRunCLI

/// Passwords: where they are not shown, and who cannot read them.
@Suite("Secrets")
struct SecretsTests {
    @Test(
        "nothing of an address that cannot be read is shown, whatever sign is missing in it",
        arguments: [
            "postgres://shop:TopSecretdb1/app", "postgres://shop:TopSecretdb1:5432/app",
            "postgres://shop:TopSecret:5432/app",
            "postgres:///shop:TopSecret", "postgres://shop%3ATopSecret%40db1/app", "postgres:shop:TopSecret@db1/app",
            "postgres:/shop:TopSecret@db1/app", "postgress://shop:TopSecret@db1/app", "shop:TopSecret@db1/app",
            "shop:TopSecret/app.db", "TopSecret", "mysql://shop:TopSecret@db1/app",
            "postgres://shop:12?TopSecret@db1/app",
            "postgres://shop:12?x=TopSecret@db1/app", "postgres://[shop:TopSecret:5432/app",
            "postgres://shop:1%ZZTopSecret",
            "jdbc:postgresql://shop:TopSecret@db1/app", "postgres://db1/app?password:TopSecret",
        ]
    )
    func address(_ address: String) async throws {
        try await Scratch.with(tables: false) { place async throws in
            for (number, words) in [["status"], ["check"], ["check", "--json"], ["once"], ["add", "X"], ["migrate"]]
                .enumerated()
            {
                let isFlag = number % 2 == 0
                let flag = isFlag ? ["--database", address] : []
                let own = isFlag ? place : place.setting(["TASKRUN_DATABASE": address])
                let end = try await own.start(words + flag).answer()
                #expect([64, 78].contains(end.status), "\(end)")
                #expect(!(end.output + end.errors).contains("TopSecret"), "\(words): \(end)")
                #expect((end.output + end.errors).contains(isFlag ? "--database" : "TASKRUN_DATABASE"), "\(end)")
            }
        }
    }

    @Test(
        "an address in a wrong place of the command line or of the settings file is not quoted",
        arguments: [
            ["postgres://shop:TopSecret@db1/app", "status"], ["status", "postgres://shop:TopSecret@db1/app"],
            ["status", "--url=postgres://shop:TopSecret@db1/app"],
            ["status", "--config", "key.yaml"], ["status", "--config", "twice.yaml"],
            ["status", "--config", "word.yaml"],
        ]
    )
    func wrongPlace(_ words: [String]) async throws {
        try await Scratch.with { place async throws in
            try place.write("postgres://shop:TopSecret@db1/app: 1\n", to: "key.yaml")
            try place.write(
                "postgres://shop:TopSecret@db1/app: 1\npostgres://shop:TopSecret@db1/app: 2\n",
                to: "twice.yaml"
            )
            try place.write("database:postgres://shop:TopSecret@db1/app\n", to: "word.yaml")
            let end = try await place.start(words).answer()
            #expect(end.status == 64 || end.status == 78, "\(end)")
            #expect(!(end.output + end.errors).contains("TopSecret"), "\(end)")
        }
    }

    /// What a handler can see of the run that started it.
    private static let spy = """
        for file in environ cmdline maps; do cat /proc/$PPID/$file > $file 2>> refused; done
        tr '\\0' '\\n' < /proc/self/environ > own
        """

    @Test(
        "handlers and hooks see neither the run's environment nor the address on its command line",
        arguments: Scratch.Database.allCases
    )
    func environment(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.handler("SPY", Self.spy)
            try place.write("#!/bin/sh\n\(Self.spy)\n", to: "hooks/after-add", mode: 0o755)
            let own = place.setting(["SHOP_KEY": "TopSecret", "PGPASSWORD": "TopSecret"])
            let address = (place.variables["TASKRUN_DATABASE"] ?? "sqlite:tasks.db")
                .replacing("postgres@", with: "postgres:TopSecret@")
            for words in [["add", "SPY"], ["once"]] {
                let end = try await own.start(words + ["--database", address]).answer()
                #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
                for file in ["environ", "cmdline", "own"] {
                    let text = try String(decoding: Data(contentsOf: place.folder.appending(path: file)), as: UTF8.self)
                    #expect(!text.contains("TopSecret") && !text.contains("PGPASSWORD"), "\(file): \(text)")
                    if file == "cmdline" { #expect(text.contains(words[0])) }
                }
            }
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("the run's memory and environment are closed to programs of the same user, who is not root")
    func notDumpable() async throws {
        try await Scratch.with { place async throws in
            try place.handler("SPY", Self.spy)
            try place.handler("NESTED", "exec \(try await place.readable()) add SPY")
            for (path, mode) in [("", mode_t(0o1777)), ("tasks.db", 0o666)] { place.mode(mode, of: path) }
            let other = place.setting([
                "TASKRUN_RUNTIME_DIRECTORY": place.folder.appending(path: "other").path, "TASKRUN_ENVIRONMENT": "SHOP",
                "SHOP_KEY": "TopSecret", "SHOP": "open",
            ])
            try await place.add(1, name: "SPY")
            try await place.add(1, name: "NESTED")
            let end = try await other.run(["taskrun", "once", "--drain"], as: Scratch.stranger)
            #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
            func text(_ file: String) throws -> String {
                try String(decoding: Data(contentsOf: place.folder.appending(path: file)), as: UTF8.self)
            }
            #expect(try text("refused").split(separator: "\n").filter { $0.contains("ermission denied") }.count >= 2)
            #expect(try text("environ").isEmpty && text("maps").isEmpty)
            #expect(try text("own").contains("SHOP=open"), "what the settings list is passed on")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("bench runs as a user without rights, too")
    func bench() async throws {
        try await Scratch.with { place async throws in
            place.mode(0o1777, of: "")
            let words = ["taskrun", "--database", "sqlite:own.db", "bench", "-n", "50"]
            let end = try await place.run(words, as: Scratch.stranger)
            #expect(end.status == 0, "\(end)")
        }
    }

    @Test(
        "a settings file with a password that others may read is refused; without a password it may be read by all",
        arguments: ["database", "listen_database"]
    )
    func settingsFile(_ key: String) async throws {
        try await Scratch.with { place async throws in
            for address in [
                "postgres://shop:TopSecret@127.0.0.1:1/app", "postgres://127.0.0.1:1/app?user=shop&password=TopSecret",
            ] {
                try place.write("\(key): \"\(address)\"\n", to: "taskrun.yaml", mode: 0o644)
                for words in [["status"], ["once"], ["check"], ["add", "X"]] {
                    for mode in [mode_t(0o644), 0o604, 0o666] where mode != 0o666 || words == ["once"] {
                        place.mode(mode, of: "taskrun.yaml")
                        let end = try await place.start(words).answer()
                        let text = end.output + end.errors
                        #expect(end.status == 78 && !text.contains("TopSecret"), "\(end)")
                        #expect(
                            text.contains("taskrun.yaml") && text.contains(mode == 0o666 ? "chmod go-w" : "chmod 600"),
                            "\(end)"
                        )
                    }
                }
                for mode in [mode_t(0o600), 0o400, 0o640] {
                    place.mode(mode, of: "taskrun.yaml")
                    let end = try await place.taskrun("status")
                    #expect(
                        !end.errors.contains("may be read by others"),
                        "root's file may be read by its group: \(end)"
                    )
                }
            }
            try place.write("\(key): postgres://shop@127.0.0.1:1/app\n", to: "taskrun.yaml", mode: 0o644)
            #expect(try await !place.taskrun("status").errors.contains("may be read"))
            #expect(Readers.isOpen(permissions: 0o640, owner: 7) && !Readers.isOpen(permissions: 0o600, owner: 7))
        }
    }

    @Test(
        "a new SQLite file and what SQLite writes beside it may not be read by everyone",
        arguments: ["022", "002", "000", "077"]
    )
    func newFile(_ mask: String) async throws {
        try await Scratch.with(tables: false) { place async throws in
            let end = try await place.other("sh", "-c", "umask \(mask) && exec '\(Scratch.binary)' migrate")
            #expect(end.status == 0, "\(end)")
            let expected = ["022": mode_t(0o640), "002": 0o660, "000": 0o660, "077": 0o600]
            #expect(try place.mode(of: "tasks.db") == expected[mask])
            try await place.sql("PRAGMA journal_mode = WAL")
            let shell =
                "umask \(mask); sqlite3 tasks.db \"INSERT INTO tasks (task_name) VALUES ('X')\" '.shell stat -c %a tasks.db*'"
            let modes = try await place.other("sh", "-c", shell)
            #expect(modes.lines.count > 1 && modes.lines.allSatisfy { $0.hasSuffix("0") }, "\(modes)")
        }
    }

    @Test("check names a file that everyone may read, and one that everyone may write to")
    func openFile() async throws {
        try await Scratch.with { place async throws in
            #expect(try await !place.taskrun("check").output.contains("database file"))
            place.mode(0o644, of: "tasks.db")
            #expect(
                try await place.taskrun("check").output.contains("may be read by everyone on this machine (mode 644)")
            )
            place.mode(0o666, of: "tasks.db")
            #expect(try await place.taskrun("check").output.contains("may be written to by everyone"))
        }
    }

    @Test(
        "on the command line only what may hold a password is covered",
        arguments: [
            ("postgres://shop@db1/app", false), ("--database=postgres://db1:5433/app?sslmode=verify-full", false),
            ("postgres://shop:x@db1/app", true), ("--database=postgres://shop:x@db1/app", true),
            ("postgres://shop:xdb1/app", true), ("postgres://db1/app?password=x", true),
            ("host=db1 password = x", true),
            ("mysql://shop:x@db1", true), ("host=db1 dbname=app", false), ("sqlite:tasks.db", false), ("once", false),
            ("https://example.org/", false),
        ]
    )
    func covered(_ word: String, _ isCovered: Bool) { #expect(Secrets.isAddress(word) == isCovered) }
}
