import Foundation
import TestSupport
import Testing

@testable import TaskRunCLI

/// Whose files are obeyed: this user's and root's, and none that others may write to.
@Suite("Whose files are obeyed")
struct TrustTests {
    /// What another user may have made, and what is said of it.
    enum Attack: String, CaseIterable, CustomTestStringConvertible {
        case owner = "it belongs to another user"
        case everyone = "everyone may write to it"
        case group = "a group may write to it"
        case link = "a link leads there"
        var testDescription: String { rawValue }

        /// Does it to a file or folder that is there; what is to be said then.
        func begin(on path: String, in place: Scratch) throws -> String {
            switch self {
            case .owner:
                place.give(path, to: Scratch.stranger)
                return "belongs to"
            case .everyone:
                place.mode(0o777, of: path)
                return "may be written to by everyone on this machine (mode 777)"
            case .group:
                place.mode(0o775, of: path)
                place.give(path, to: 0, group: 4_321)
                return "may be written to by the group 4321 (mode 775)"
            case .link:
                let (own, away) = (place.folder.appending(path: path).path, place.folder.appending(path: "away").path)
                try FileManager.default.moveItem(atPath: own, toPath: away)
                try FileManager.default.createSymbolicLink(atPath: own, withDestinationPath: away)
                place.give(path, to: Scratch.stranger)
                return "belongs to"
            }
        }
    }

    @Test("taskrun add calls no hook that others may change, names it, and adds nothing", arguments: Attack.allCases)
    func addHook(_ attack: Attack) async throws {
        for path in ["hooks", "hooks/after-add"] {
            try await Scratch.with { place async throws in
                try place.write("#!/bin/sh\ntouch obeyed\n", to: "hooks/after-add", mode: 0o755)
                #expect(try await place.taskrun("add", "OK").status == 0)
                #expect(place.has("obeyed"))
                try FileManager.default.removeItem(at: place.folder.appending(path: "obeyed"))
                let found = try attack.begin(on: path, in: place)
                for words in [["add", "OK"], ["add", "OK", "--token"], ["add", "-"]] {
                    let end = try await place.start(words, input: #"{"task_name":"OK"}"#).answer()
                    #expect(end.status == 78 && end.output.isEmpty, "\(end)")
                    #expect(end.errors.contains(path) && end.errors.contains(found), "\(end)")
                    #expect(end.errors.split(separator: "\n").count == 1, "\(end)")
                }
                #expect(!place.has("obeyed"))
                #expect(try await place.sql("SELECT count(*) FROM tasks") == ["1"])
            }
        }
    }

    @Test("a run performs no handler that others may change, names it, and ends with 78", arguments: Attack.allCases)
    func handlers(_ attack: Attack) async throws {
        for path in ["handlers", "handlers/WORK", "handlers/WORK.sql", "handlers/WORK.stream.sh"] {
            try await Scratch.with { place async throws in
                let file = path == "handlers" ? "handlers/WORK" : path
                let text = file.hasSuffix("sql") ? "DELETE FROM tasks;\n" : "#!/bin/sh\ntouch obeyed\n"
                try place.write(text, to: file, mode: 0o755)
                try await place.add(1)
                let found = try attack.begin(on: path, in: place)
                for command in ["once", "handlers", "check"] {
                    let end = try await place.taskrun(command)
                    #expect(end.status == 78, "\(end)")
                    let text = end.output + end.errors
                    #expect(text.contains(path) && text.contains(found), "\(end)")
                }
                #expect(!place.has("obeyed"))
                #expect(try await place.sql("SELECT status, attempts FROM tasks") == ["WAITING|0"])
            }
        }
    }

    @Test(
        "a run calls no hook that others may change, performs the tasks, and ends with 78",
        arguments: Attack.allCases
    )
    func runHook(_ attack: Attack) async throws {
        try await Scratch.with { place async throws in
            try place.handler("WORK", "touch done")
            try place.write("#!/bin/sh\ntouch obeyed\n", to: "hooks/run-start", mode: 0o755)
            try await place.add(1)
            let found = try attack.begin(on: "hooks/run-start", in: place)
            let end = try await place.taskrun("once")
            #expect(end.status == 78 && end.errors.contains(found) && end.errors.contains("hooks/run-start"), "\(end)")
            #expect(!place.has("obeyed") && place.has("done"))
        }
    }

    @Test("a hook for another event does not keep taskrun add from adding")
    func otherHook() async throws {
        try await Scratch.with { place in
            try place.write("#!/bin/sh\ntouch obeyed\n", to: "hooks/run-start", mode: 0o755)
            try place.write("#!/bin/sh\ntouch told\n", to: "hooks/after-add", mode: 0o755)
            place.mode(0o777, of: "hooks/run-start")
            let added = try await place.taskrun("add", "OK")
            #expect(added.status == 0 && added.errors.isEmpty && place.has("told"), "\(added)")
            place.mode(0o777, of: "hooks")
            try FileManager.default.removeItem(at: place.folder.appending(path: "hooks/after-add"))
            let alone = try await place.taskrun("add", "OK")
            #expect(alone.status == 0 && alone.errors.isEmpty, "\(alone)")
            let run = try await place.taskrun("once")
            #expect(run.status == 78 && run.errors.contains("the hooks folder hooks is not used"), "\(run)")
            #expect(!place.has("obeyed"))
        }
    }

    @Test("a settings file that others may change is refused by every command", arguments: Attack.allCases)
    func settings(_ attack: Attack) async throws {
        try await Scratch.with { place async throws in
            try place.write("handlers: scripts\n", to: "taskrun.yaml")
            try place.write("#!/bin/sh\ntouch obeyed\n", to: "scripts/WORK", mode: 0o755)
            try await place.add(1)
            let found = try attack.begin(on: "taskrun.yaml", in: place)
            for words in [["once"], ["status"], ["add", "WORK"], ["handlers"], ["check"], ["migrate"]] {
                let end = try await place.start(words).answer()
                #expect(end.status == 78, "\(end)")
                let text = end.output + end.errors
                #expect(text.contains("the settings file taskrun.yaml is not used") && text.contains(found), "\(end)")
            }
            #expect(!place.has("obeyed"))
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["1"])
            let named = try await place.taskrun("status", "--config", "./taskrun.yaml")
            #expect(named.status == 78 && named.errors.contains(found), "\(named)")
        }
    }

    @Test(
        "in another user's folder root obeys nothing, whichever user owns the files",
        arguments: ["taskrun.yaml", "handlers/WORK", "hooks/run-start"]
    )
    func anothersFolder(_ file: String) async throws {
        try await Scratch.with { place async throws in
            try place.write(
                file.hasSuffix("yaml") ? "window: 50s\n" : "#!/bin/sh\ntouch obeyed\n",
                to: file,
                mode: 0o755
            )
            try await place.add(1)
            place.give(place.folder.path, to: Scratch.stranger)
            let end = try await place.taskrun("once")
            #expect(end.status == 78, "\(end)")
            #expect(end.errors.contains("\(place.folder.path), on the way to it, belongs to"), "\(end)")
            #expect(!place.has("obeyed"))
        }
    }

    @Test("another user obeys what is root's, and may not be made to obey what is a third one's")
    func asAnother() async throws {
        try await Scratch.with { place async throws in
            try place.handler("WORK", "touch done/$TASKRUN_TASK_ID")
            try place.write("", to: "done/0")
            for (path, mode) in [("", mode_t(0o1777)), ("tasks.db", 0o666), ("done", 0o777), ("handlers", 0o755)] {
                place.mode(mode, of: path)
            }
            let other = place.setting(["TASKRUN_RUNTIME_DIRECTORY": place.folder.appending(path: "other").path])
            try await place.add(1)
            let end = try await other.run(["taskrun", "once"], as: Scratch.stranger)
            #expect(end.status == 0 && place.has("done/1"), "\(end)")
            place.give("handlers/WORK", to: 60_001)
            try await place.add(1)
            let refused = try await other.run(["taskrun", "once"], as: Scratch.stranger)
            #expect(refused.status == 78 && refused.errors.contains("belongs to the user 60001"), "\(refused)")
            #expect(!place.has("done/2"))
        }
    }

    @Test("a group in which nobody else is may write: the umask 002 of systems that give each user a group")
    func privateGroup() async throws {
        try await Scratch.with { place async throws in
            try place.handler("WORK", "touch done")
            place.mode(0o775, of: "handlers")
            place.mode(0o775, of: "handlers/WORK")
            try await place.add(1)
            #expect(try await place.taskrun("once").status == 0)
            #expect(place.has("done"))
        }
    }

    @Test("what is mounted read-only is obeyed whatever its mode says, if it is root's")
    func readOnly() async throws {
        try await Scratch.with { place in
            try place.write("window: 50s\n", to: "mounted/taskrun.yaml", mode: 0o666)
            try place.write("#!/bin/sh\ntouch '\(place.folder.path)/done'\n", to: "mounted/handlers/WORK", mode: 0o777)
            for path in ["mounted", "mounted/handlers"] { place.mode(0o777, of: path) }
            try await place.add(1)
            let mount = "mount --bind mounted mounted && mount -o remount,bind,ro mounted"
            let run = "exec '\(Scratch.binary)' once --config mounted/taskrun.yaml --database sqlite:tasks.db"
            // Where the tests may mount nothing, as in most containers, there is nothing to see.
            guard try await place.other("unshare", "-m", "sh", "-ec", mount).status == 0 else { return }
            let end = try await place.other("unshare", "-m", "sh", "-ec", "\(mount); \(run)")
            #expect(end.status == 0 && end.errors.isEmpty && place.has("done"), "\(end)")
            let open = try await place.other("sh", "-c", run)
            #expect(open.status == 78, "\(open)")
        }
    }

    @Test("without hooks, handlers and settings another user's folder is no trouble")
    func nothingThere() async throws {
        try await Scratch.with { place async throws in
            place.give(place.folder.path, to: Scratch.stranger)
            for words in [["add", "WORK"], ["once"], ["status"]] {
                #expect(try await place.start(words).answer().status == 0, "\(words)")
            }
        }
    }
}
