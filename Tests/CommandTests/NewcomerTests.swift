import Foundation
import Testing

/// What somebody who knows the README alone does wrong, and what is said to it.
@Suite("A newcomer")
struct NewcomerTests {
    @Test("a misspelt variable is a warning of each command, not only of check", arguments: ["once", "status", "add"])
    func variable(_ command: String) async throws {
        try await Scratch.with { place in
            let words = command == "add" ? ["add", "X"] : [command]
            let misspelt = place.setting([
                "TASKRUN_DATABSE": "sqlite:x.db", "TASKRUN_TASK_ID": "1", "TASKRUN_STREAM": "1",
            ])
            let answer = try await misspelt.start(words).answer()
            #expect(answer.status == 0)
            #expect(answer.errors.contains("TASKRUN_DATABSE is not known. Did you mean TASKRUN_DATABASE?"), "\(answer)")
            #expect(answer.errors.components(separatedBy: "not known").count == 2, "\(answer)")
            // Whoever wants it so.
            let silent = try await misspelt.start(words + ["--log-level", "error"]).answer()
            #expect(!silent.errors.contains("TASKRUN_DATABSE"))
            // Also where that is why the settings cannot be used.
            let wrong = try await misspelt.setting(["TASKRUN_LEASE": "1s"]).start(words).answer()
            #expect(wrong.status == 78 && wrong.errors.hasPrefix("environment: TASKRUN_DATABSE"), "\(wrong)")
        }
    }

    @Test("settings for a misspelt task name are a warning of once")
    func limits() async throws {
        try await Scratch.with { place in
            try place.write(
                "tasks:\n  CONTACT_EMIAL:\n    timeout: 5s\n  OTHER:\n    timeout: 5s\n",
                to: "taskrun.yaml"
            )
            let answer = try await place.taskrun("once")
            #expect(answer.status == 0)
            #expect(answer.errors.contains("Did you mean \"tasks.CONTACT_EMAIL\"?"), "\(answer)")
            // May be another machine's.
            #expect(!answer.errors.contains("OTHER"))
        }
    }

    @Test(
        "a misspelt .stream is pointed out",
        arguments: [("REVERSE.steam.py", "REVERSE.stream.py"), ("REVERSE.Streem", "REVERSE.stream")]
    )
    func stream(_ name: String, _ meant: String) async throws {
        try await Scratch.with { place in
            try place.write("#!/bin/sh\n", to: "handlers/\(name)", mode: 0o755)
            try place.write("#!/bin/sh\n", to: "handlers/OTHER.stream.py", mode: 0o755)
            let answer = try await place.taskrun("once")
            #expect(answer.status == 0)
            #expect(
                answer.errors.contains(
                    "handlers/\(name) is started again for each task, because it is not a stream handler. Did you mean \(meant)?"
                ),
                "\(answer)"
            )
            #expect(!answer.errors.contains("OTHER"))
        }
    }

    @Test("help for a misspelt command names the nearest")
    func help() async throws {
        try await Scratch.with(tables: false) { place in
            let answer = try await place.taskrun("help", "bnech")
            #expect(answer.status == 64 && answer.output.isEmpty)
            #expect(answer.errors.hasPrefix("Error: unknown command \"bnech\" (did you mean \"bench\"?)."), "\(answer)")
            for words in [["help"], ["help", "bench"], ["--help"], ["help", "help"]] {
                let answer = try await place.start(words).answer()
                #expect(answer.status == 0 && answer.output.contains("USAGE"), "\(words): \(answer)")
            }
        }
    }

    @Test("what is not there is named with its whole path: most often the folder is the wrong one")
    func paths() async throws {
        try await Scratch.with { place in
            let path = place.folder.resolvingSymlinksInPath().path
            let database = try await place.taskrun("once", "--database", "sqlite:other.db")
            #expect(database.status == 78)
            #expect(
                database.errors.contains("there is no such file (looked for \(path)/other.db). Create"),
                "\(database)"
            )
            let handlers = try await place.taskrun("once", "--handlers", "scripts")
            #expect(handlers.errors.contains("the folder \(path)/scripts does not exist"), "\(handlers)")
            let file = try await place.taskrun("once", "--config", "conf.yaml")
            #expect(file.errors.contains("cannot read the settings file \(path)/conf.yaml:"), "\(file)")
        }
    }

    @Test("what the tables refuse is said in words", arguments: Scratch.Database.allCases)
    func refusals(_ database: Scratch.Database) async throws {
        let name =
            "task_name must be 1 to 200 characters, without / and without control characters, and not begin with . or -"
        let text = "must be 1 to 200 characters, without control characters"
        try await Scratch.with(database) { place in
            for (words, said) in [
                (["add", "a/b"], name), (["add", ".x"], name), (["add", "X", "--queue", ""], "queue \(text)"),
                (["add", "X", "--lock-key", "a\nb"], "lock_key \(text)"),
                (["add", "X", "--dedupe-key", ""], "dedupe_key \(text)"),
                (["add", "X", "--with-token", "a\tb"], "token \(text)"),
            ] {
                let answer = try await place.start(words).answer()
                #expect(answer.status == 65 && answer.errors.hasSuffix(": \(said).\n"), "\(answer)")
                #expect(!answer.errors.lowercased().contains("constraint"))
            }
            let lines = "{\"task_name\":\"a/b\"}\n{\"task_name\":\"X\",\"queue\":\"\"}\n{\"task_name\":\"X\"}\n"
            let answer = try await place.taskrun("add", "-", "--skip-bad", input: lines)
            #expect(answer.errors == "Line 1 is left out: \(name)\nLine 2 is left out: queue \(text)\n")
        }
    }

    @Test("check says each thing once", arguments: Scratch.Database.allCases)
    func check(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            let subjects = try await place.taskrun("check", "--json").objects().compactMap { $0["subject"] as? String }
            for subject in ["database", "clock", "schema"] {
                #expect(subjects.count { $0 == subject } == 1, "\(subjects)")
            }
        }
    }
}
