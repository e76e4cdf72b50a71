import Foundation
import TestSupport
import Testing

/// docs/permissions.md: what it says of files; ``RightsTests`` has the roles.
@Suite("docs/permissions.md")
struct PermissionsPageTests {
    private static let (worker, application, group) = (60_011, 60_012, 60_010)

    /// A snippet of the page, for this place and for users who have no names.
    private func snippet(_ kind: String, in place: Scratch) throws -> String {
        let all = try Snippet.all(in: "docs/permissions.md").filter { $0.kind == kind }
        try #require(all.count == 1, "\(kind)")
        return all[0].text.replacing("/srv/app", with: place.folder.path)
            .replacing("-o worker -g tasks", with: "-o \(Self.worker) -g \(Self.group)")
            .replacing("chgrp tasks", with: "chgrp \(Self.group)")
    }

    private func asRoot(_ text: String, in place: Scratch) async throws {
        let end = try await place.other("sh", "-eu", "-c", text)
        #expect(end.status == 0, "\(text)\n\(end)")
    }

    @Test("each snippet is run by a test")
    func all() throws {
        let kinds = Set(try Snippet.all(in: "docs/permissions.md").map(\.kind))
        #expect(kinds == ["application", "worker", "accounts", "folder", "tables", "existing", "deployment"])
    }

    @Test("the group gets both users")
    func accounts() async throws {
        try await Scratch.with(tables: false) { place async throws in
            try place.write(
                "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/sh\nworker:x:1001:1001::/:/bin/sh\n",
                to: "etc/passwd"
            )
            try place.write("root:x:0:\nwww-data:x:33:\nworker:x:1001:\n", to: "etc/group")
            let prefix = "--prefix \(place.folder.path)"
            let text = try snippet("accounts", in: place).replacing("groupadd ", with: "groupadd \(prefix) ")
                .replacing("usermod ", with: "usermod \(prefix) ")
            try await asRoot("PATH=$PATH:/usr/sbin\n" + text, in: place)
            let groups = try String(contentsOf: place.folder.appending(path: "etc/group"), encoding: .utf8)
            #expect(groups.contains(/(?m)^tasks:x:\d+:www-data,worker$/), "\(groups)")
        }
    }

    @Test(
        "of two users one adds tasks to an SQLite file and the other one performs them",
        arguments: ["delete", "wal"]
    )
    func twoUsers(_ journal: String) async throws {
        try await Scratch.with(tables: false) { place async throws in
            place.mode(0o755, of: "")
            try await asRoot(try snippet("folder", in: place), in: place)
            #expect(try place.mode(of: "data") == 0o2770)
            let file = place.folder.appending(path: "data/tasks.db").path
            let own = place.setting([
                "TASKRUN_DATABASE": "sqlite:\(file)", "TASKRUN_RUNTIME_DIRECTORY": "",
                "PATH": place.folder.path + ":/usr/bin:/bin",
            ])
            // On PATH.
            try await asRoot("ln '\(try await place.readable())' '\(place.folder.path)/taskrun'", in: place)
            func shell(_ text: String, as user: Int) async throws -> Answer {
                try await own.run(["sh", "-eu", "-c", text], as: user, group: Self.group)
            }
            let made = try await shell(try snippet("tables", in: place), as: Self.worker)
            #expect(made.status == 0, "\(made)")
            #expect(try place.mode(of: "data/tasks.db") == 0o660)
            #expect(
                try await shell("sqlite3 '\(file)' 'PRAGMA journal_mode = \(journal)'", as: Self.worker).status == 0
            )
            try place.write("#!/bin/sh\ncat\n", to: "handlers/WORK", mode: 0o755)
            let insert =
                "sqlite3 -cmd '.timeout 60000' '\(file)' \"INSERT INTO tasks (task_name, token) VALUES ('WORK', '$1')\""
            // Each is the first to write once: the files beside the database are the other one's then.
            for (number, isAdded) in [true, false].enumerated() {
                if !isAdded { #expect(try await shell("taskrun once", as: Self.worker).status == 0) }
                let added = try await shell("set -- token\(number)\n" + insert, as: Self.application)
                #expect(added.status == 0, "\(added)")
                let run = try await shell("taskrun once", as: Self.worker)
                #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
                #expect(try await shell("taskrun result token\(number)", as: Self.application).output == "{}")
            }
            let stranger = try await own.run(["sh", "-c", "cat '\(file)'"], as: Scratch.stranger)
            #expect(stranger.status != 0 && stranger.output.isEmpty)
        }
    }

    @Test("a file that is there already is given to the group")
    func existing() async throws {
        try await Scratch.with { place async throws in
            try FileManager.default.createDirectory(
                at: place.folder.appending(path: "data"),
                withIntermediateDirectories: false
            )
            try FileManager.default.moveItem(
                at: place.folder.appending(path: "tasks.db"),
                to: place.folder.appending(path: "data/tasks.db")
            )
            try await asRoot(try snippet("existing", in: place), in: place)
            #expect(try place.mode(of: "data/tasks.db") == 0o660)
        }
    }

    @Test("what was refused is obeyed once it was given to root as the page says")
    func deployment() async throws {
        try await Scratch.with { place async throws in
            try place.handler("WORK", "touch done")
            try place.write("#!/bin/sh\ntouch told\n", to: "hooks/run-end", mode: 0o755)
            try place.write("window: 50s\n", to: "taskrun.yaml")
            try await place.add(1)
            for path in ["handlers", "handlers/WORK", "hooks", "hooks/run-end", "taskrun.yaml"] {
                place.give(path, to: Self.application)
                place.mode(0o777, of: path)
            }
            place.mode(0o777, of: "")
            #expect(try await place.taskrun("once").status == 78)
            #expect(!place.has("done") && !place.has("told"))
            try await asRoot(try snippet("deployment", in: place), in: place)
            let end = try await place.taskrun("once")
            #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
            #expect(place.has("done") && place.has("told"))
        }
    }
}
