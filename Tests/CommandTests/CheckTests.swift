import Foundation
import Testing

/// check and handlers.
@Suite struct CheckTests {
    @Test("check looks at everything, and ends with 0 where nothing is an error")
    func healthy() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("HELLO", "exit 0")
            let answer = try await scratch.taskrun("check", "--json")
            #expect(answer.status == 0, "\(answer.output)")
            let objects = try answer.objects()
            let subjects = objects.compactMap { $0["subject"] as? String }
            for subject in [
                "settings", "database", "schema", "journal mode", "handlers", "runtime directory", "clock", "cron",
            ] {
                #expect(subjects.contains(subject))
            }
            #expect(objects.allSatisfy { Set($0.keys) == ["level", "subject", "found", "advice", "sql"] })
            #expect(try await scratch.taskrun("check").lines.contains { $0.hasPrefix("✓ database") })
        }
    }

    @Test("check says what is wrong and what to do, and ends with 78")
    func broken() async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let missing = try await scratch.taskrun("check")
            #expect(missing.status == 78)
            #expect(missing.output.contains("✗ database"))
            #expect(missing.output.contains("→ Create it with: taskrun --database sqlite:tasks.db migrate"))
            #expect(missing.output.contains("✓ clock"))
            try await scratch.sql("CREATE TABLE other (x)")
            #expect(try await scratch.taskrun("check").output.contains("✗ schema"))
            try scratch.write("hanlders: x\n", to: "taskrun.yaml")
            let settings = try await scratch.taskrun("check")
            #expect(settings.status == 78)
            #expect(settings.output.contains("did you mean \"handlers\"?"))
        }
    }

    @Test("a misspelled variable is pointed out")
    func strayVariable() async throws {
        try await Scratch.with { scratch async throws in
            let answer = try await scratch.setting(["TASKRUN_DATABSE": "x", "TASKRUN_TASK_ID": "1"]).taskrun("check")
            #expect(answer.status == 0)
            #expect(answer.output.contains("TASKRUN_DATABSE is not known"))
            #expect(answer.output.contains("Did you mean TASKRUN_DATABASE?"))
            #expect(!answer.output.contains("TASKRUN_TASK_ID"))
        }
    }

    @Test("settings for a name without a handler are pointed out")
    func strayLimits() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.write("tasks:\n  CONTACT_EMIAL:\n    timeout: 5s\n", to: "taskrun.yaml")
            let answer = try await scratch.taskrun("check")
            #expect(answer.status == 0)
            #expect(answer.output.contains("tasks.CONTACT_EMIAL is for a name without a handler here"))
            #expect(answer.output.contains("Did you mean \"tasks.CONTACT_EMAIL\"?"))
        }
    }

    @Test("a runtime directory that others may write to is refused with advice", arguments: ["check", "once"])
    func runtimeDirectory(_ command: String) async throws {
        try await Scratch.with { scratch async throws in
            let folder = scratch.folder.appending(path: "open")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
            let answer = try await scratch.setting(["TASKRUN_RUNTIME_DIRECTORY": folder.path]).taskrun(command)
            #expect(answer.status == 78)
            #expect((answer.output + answer.errors).contains("may be written to by others"))
            #expect((answer.output + answer.errors).contains("Set runtime_directory"))
        }
    }

    @Test("handlers lists every kind with its origin, and warns of files that cannot be handlers")
    func handlers() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("IMAGE_RESIZE.sh", "exit 0")
            try scratch.write("DELETE FROM tasks WHERE id = :id;\n", to: "handlers/ACCOUNT_DELETE.sql")
            try scratch.write("#!/bin/sh\n", to: "handlers/NO_RUN_BIT.sh")
            let answer = try await scratch.taskrun("handlers", "--json")
            #expect(answer.status == 0)
            let objects = try answer.objects()
            let kinds = Dictionary(
                uniqueKeysWithValues: objects.compactMap { object in
                    (object["task_name"] as? String).flatMap { name in (object["kind"] as? String).map { (name, $0) } }
                }
            )
            #expect(kinds["IMAGE_RESIZE"] == "executable")
            #expect(kinds["ACCOUNT_DELETE"] == "sql")
            #expect(kinds["CONTACT_EMAIL"] == "swift")
            #expect(answer.errors.contains("NO_RUN_BIT.sh has no run bit"))
            let table = try await scratch.taskrun("handlers")
            #expect(table.lines.first == "task name         kind        timeout  attempts  from")
        }
    }

    @Test("two handlers for one name are an error that names both", arguments: ["handlers", "once", "check"])
    func conflict(_ command: String) async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("CONTACT_EMAIL.sh", "exit 0")
            let answer = try await scratch.taskrun(command)
            #expect(answer.status == 78)
            let text = answer.output + answer.errors
            #expect(text.contains("two handlers for \"CONTACT_EMAIL\""))
            #expect(text.contains("ContactEmailHandler"))
            #expect(text.contains("CONTACT_EMAIL.sh"))
        }
    }

    @Test("a settings file has its database, handlers and hooks beside it, from wherever a run is started")
    func besideFile() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.write("concurrency: 2\n", to: "taskrun.yaml")
            try scratch.handler("A", "exit 0")
            try scratch.write("#!/bin/sh\ntouch ended\n", to: "hooks/run-end", mode: 0o755)
            try await scratch.taskrunOK("add", "A")
            try scratch.write("", to: "elsewhere/here")
            let place = Scratch(folder: scratch.folder.appending(path: "elsewhere"), variables: scratch.variables)
            try await place.taskrunOK("--config", "../taskrun.yaml", "once")
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
            #expect(scratch.has("ended"))
            // Without a file, hooks are found by the handlers.
            try FileManager.default.removeItem(at: scratch.folder.appending(path: "ended"))
            try await scratch.taskrunOK("add", "A")
            try await place.taskrunOK("--database", "sqlite:../tasks.db", "--handlers", "../handlers", "once")
            #expect(scratch.has("ended"))
        }
    }

    @Test("the cron line that is suggested names what the settings file does not")
    func cronLine() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.write("concurrency: 2\n", to: "taskrun.yaml")
            let place = scratch.setting(["TASKRUN_HANDLERS": "some handlers"])
            let answer = try await place.taskrun("check")
            try #require(answer.output.contains("* * * * *"), "this machine has a line already: \(answer.output)")
            let line = try #require(answer.output.split(separator: "* * * * *").last?.split(separator: "(").first)
            let folder = scratch.folder.resolvingSymlinksInPath().path
            #expect(line.contains("--config \(folder)/taskrun.yaml"), "\(line)")
            #expect(!line.contains("--database"), "\(line)")
            #expect(line.contains("--handlers '\(folder)/some handlers' once"), "\(line)")
            let other = try await place.setting(["TASKRUN_DATABASE": "sqlite:other.db"]).taskrun("check").output
            #expect(other.contains("--database sqlite:\(folder)/other.db"), "\(other)")
        }
    }
}
