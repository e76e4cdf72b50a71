import Foundation
import TestSupport
import Testing

/// Where settings come from, and what is said of wrong ones.
@Suite struct SettingsTests {
    @Test("the flag goes before the environment, the environment before the file, the file before the default")
    func precedence() async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            func database(_ place: Scratch, _ arguments: String...) async throws -> String {
                try await place.start(["check", "--json"] + arguments).answer().output
            }
            #expect(try await database(scratch).contains("sqlite:tasks.db"))
            try scratch.write("database: sqlite:file.db\n", to: "taskrun.yaml")
            #expect(try await database(scratch).contains("sqlite:file.db"))
            let place = scratch.setting(["TASKRUN_DATABASE": "sqlite:variable.db"])
            #expect(try await database(place).contains("sqlite:variable.db"))
            #expect(try await database(place, "--database", "sqlite:flag.db").contains("sqlite:flag.db"))
            #expect(try await database(scratch.setting(["TASKRUN_DATABASE": ""])).contains("sqlite:file.db"))
        }
    }

    @Test("an unknown key is named with its line and the nearest known one")
    func unknownKey() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.write("# settings\nwindow: 20s\nhanlders: here\n", to: "taskrun.yaml")
            let answer = try await scratch.taskrun("status")
            #expect(answer.status == 78)
            #expect(
                answer.errors
                    == "Error: unknown key \"hanlders\" in taskrun.yaml line 3 (did you mean \"handlers\"?).\n"
            )
            try scratch.write("mail:\n  outbx: x\n", to: "taskrun.yaml")
            #expect(
                try await scratch.taskrun("status").errors.contains(
                    "\"mail.outbx\" in taskrun.yaml line 2 (did you mean \"mail.outbox\"?)"
                )
            )
            try scratch.write("tasks:\n  IMAGE_RESIZE:\n    timeot: 5s\n", to: "taskrun.yaml")
            #expect(
                try await scratch.taskrun("status").errors.contains("(did you mean \"tasks.IMAGE_RESIZE.timeout\"?)")
            )
        }
    }

    @Test(
        "a wrong value is named with its key and what is expected",
        arguments: [
            ("window: 50", "\"window\" in taskrun.yaml line 1 is \"50\": expected a duration from 1ms to 7d"),
            ("lease: 2s", "\"lease\" in taskrun.yaml line 1 is \"2s\": expected a duration from 5s to 1d"),
            (
                "concurrency: many",
                "\"concurrency\" in taskrun.yaml line 1 is \"many\": expected a whole number from 1 to 1000"
            ),
            ("lease: [1, 2]", "\"lease\" in taskrun.yaml line 1 is a list"),
            ("lease:\n  a: 5s", "\"lease\" in taskrun.yaml line 1 has keys below it"),
            (
                "mail: x",
                "\"mail\" in taskrun.yaml line 1 is a single value: expected keys below it (sendmail, outbox, from)"
            ),
            ("sqlite_synchronous: \"off\"", "is \"off\": expected full or normal"),
            ("log_level: loud", "is \"loud\": expected one of trace, debug"),
            ("window: 5s\nwindow: 6s", "\"window\" is there twice"),
            ("- a\n- b", "is a list or a single value"),
            ("window: \"5s", "is not YAML that can be used"),
            ("tasks:\n  X:\n    max_attempts: 0", "\"tasks.X.max_attempts\" in taskrun.yaml line 3 is \"0\""),
        ]
    )
    func wrongValue(_ text: String, _ expected: String) async throws {
        try await Scratch.with { scratch async throws in
            try scratch.write(text + "\n", to: "taskrun.yaml")
            let answer = try await scratch.taskrun("status")
            #expect(answer.status == 78)
            #expect(answer.errors.contains(expected), "\(answer.errors)")
        }
    }

    @Test("a wrong value in the environment is named by its variable")
    func wrongVariable() async throws {
        try await Scratch.with { scratch async throws in
            let answer = try await scratch.setting(["TASKRUN_WINDOW": "50"]).taskrun("once")
            #expect(answer.status == 78)
            #expect(answer.errors.contains("TASKRUN_WINDOW is \"50\": expected a duration"))
            #expect(answer.errors.contains("a number with a unit"))
        }
    }

    @Test(
        "a password with a sign that ends it too early is shown nowhere, and how to write it is said",
        arguments: ["TopX/Secret", "TopX@Secret", "12/Secret", "TopX/Sec@ret"]
    )
    func signInPassword(_ password: String) async throws {
        try await Scratch.with { scratch async throws in
            let place = scratch.setting(["TASKRUN_DATABASE": "postgres://shop:\(password)@127.0.0.1:1/app"])
            for command in ["once", "status", "check"] {
                let answer = try await place.taskrun(command)
                let text = answer.output + answer.errors
                #expect(!text.contains("TopX") && !text.contains("ret@") && !text.contains("Sec"), "\(text)")
                #expect(answer.status == 78 && text.contains("/ as %2F"), "\(answer)")
            }
        }
    }

    @Test("a settings file that is named must be there; the default one need not")
    func namedFile() async throws {
        try await Scratch.with { scratch async throws in
            #expect(try await scratch.taskrun("status").status == 0)
            let answer = try await scratch.taskrun("status", "--config", "missing.yaml")
            #expect(answer.status == 78)
            #expect(answer.errors.contains("/missing.yaml: there is no such file"))
            #expect(try await scratch.setting(["TASKRUN_CONFIG": "missing.yaml"]).taskrun("status").status == 78)
            try scratch.write("# nothing set\n", to: "empty.yaml")
            #expect(try await scratch.taskrun("status", "--config", "empty.yaml").status == 0)
        }
    }

    @Test("relative paths in a settings file begin at its folder")
    func relativePaths() async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            try scratch.write("database: sqlite:mine.db\nhandlers: scripts\n", to: "conf/taskrun.yaml")
            try scratch.write("#!/bin/sh\n", to: "conf/scripts/HELLO", mode: 0o755)
            #expect(try await scratch.taskrun("migrate", "--config", "conf/taskrun.yaml").status == 0)
            #expect(scratch.has("conf/mine.db"))
            let answer = try await scratch.taskrun("handlers", "--config", "conf/taskrun.yaml")
            #expect(answer.output.contains("HELLO"))
        }
    }

    @Test("what is said of a single task name goes before the rest")
    func taskLimits() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("HELLO", "exit 0")
            try scratch.write(
                "timeout: 10m\nmax_attempts: 7\ntasks:\n  HELLO:\n    timeout: 90s\n    max_attempts: 3\n",
                to: "taskrun.yaml"
            )
            let objects = try await scratch.taskrun("handlers", "--json").objects()
            let hello = try #require(objects.first { $0["task_name"] as? String == "HELLO" })
            let other = try #require(objects.first { $0["task_name"] as? String == "CONTACT_EMAIL" })
            #expect(hello["timeout_seconds"] as? Double == 90)
            #expect(hello["max_attempts"] as? Int == 3)
            #expect(other["timeout_seconds"] as? Double == 600)
            #expect(other["max_attempts"] as? Int == 7)
        }
    }

    @Test(
        "a password in the database's address is shown nowhere",
        arguments: [
            "postgres://app:s3cret@127.0.0.1:1/shop", "mysql://app:s3cret@db/shop",
            "postgres://127.0.0.1:1/shop?password=s3cret",
            "host=127.0.0.1 password=s3cret", "postgresql://app:s3cret",
        ]
    )
    func password(_ address: String) async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            try scratch.write("database: \"\(address)\"\n", to: "taskrun.yaml")
            for arguments in [
                ["status"], ["check"], ["check", "--json"], ["once", "--log-level", "trace"], ["migrate"],
            ] {
                let answer = try await scratch.start(arguments).answer()
                #expect([69, 78].contains(answer.status), "\(answer)")
                #expect(!(answer.output + answer.errors).contains("s3cret"), "\(answer)")
            }
            try scratch.write("database: [\"\(address)\"]\n", to: "taskrun.yaml")
            #expect(!(try await scratch.taskrun("status").errors.contains("s3cret")))
            try scratch.write("database: \"\(address)\n  x: \"\n", to: "taskrun.yaml")
            #expect(!(try await scratch.taskrun("status").errors.contains("s3cret")))
        }
    }

    @Test("a server that refuses the password is named, the password is not")
    func wrongPassword() async throws {
        let server = try await PostgreSQLServer.shared()
        try await Scratch.with(tables: false) { scratch async throws in
            let address = "postgres://needs_password:wr0ng@127.0.0.1:\(server.port)/postgres"
            for command in ["status", "check", "once", "migrate"] {
                let answer = try await scratch.setting(["TASKRUN_DATABASE": address]).taskrun(command)
                #expect([69, 78].contains(answer.status), "\(answer)")
                #expect((answer.output + answer.errors).contains("needs_password"), "\(answer)")
                #expect(!(answer.output + answer.errors).contains("wr0ng"))
            }
        }
    }

    @Test("a wrong password in the password file is a matter of the settings, and the file is named")
    func passwordFile() async throws {
        let server = try await PostgreSQLServer.shared()
        try await server.psql(
            """
            DO $$ BEGIN CREATE ROLE needs_password LOGIN PASSWORD 'right';
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$
            """
        )
        try await Scratch.with(tables: false) { scratch async throws in
            try scratch.write("127.0.0.1:*:*:needs_password:wr0ng\n", to: "passwords", mode: 0o600)
            let place = scratch.setting([
                "TASKRUN_DATABASE": "postgres://needs_password@127.0.0.1:\(server.port)/postgres",
                "PGPASSFILE": scratch.folder.appending(path: "passwords").path,
            ])
            let answer = try await place.taskrun("status")
            #expect(answer.status == 78, "\(answer)")
            #expect(answer.errors.contains("passwords\" (SQLSTATE 28P01). Check user and password"), "\(answer)")
            #expect(!answer.errors.contains("wr0ng") && !answer.errors.contains("server is running"))
        }
    }

    @Test("a file name where an address is expected is answered with the address")
    func bareFile() async throws {
        try await Scratch.with { scratch async throws in
            let answer = try await scratch.setting(["TASKRUN_DATABASE": "shop.db"]).taskrun("status")
            #expect(answer.status == 78)
            #expect(answer.errors.contains("Did you mean \"sqlite:shop.db\"?"))
        }
    }

    @Test("sqlite:///abs/path is the absolute path")
    func tripleSlash() async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let path = scratch.folder.appending(path: "abs.db").path
            #expect(try await scratch.taskrun("migrate", "--database", "sqlite://\(path)").status == 0)
            #expect(scratch.has("abs.db"))
        }
    }
}
