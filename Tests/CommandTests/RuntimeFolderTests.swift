import Foundation
import Testing

@testable import TaskRunCLI

@Suite("The runtime directory where none is set")
struct RuntimeFolderTests {
    private func path(_ variables: [String: String], in place: Scratch, user: Int) -> String {
        var folder = StandardRuntimeFolder(variables: variables, user: uid_t(user))
        folder.temporary = place.folder.appending(path: "tmp").path
        return folder.path
    }

    @Test("is the user's session folder, else in the state folder, else in /tmp; others' folders are passed over")
    func order() async throws {
        try await Scratch.with(tables: false) { place async throws in
            // Root is the user here, as it may write everywhere; logged in or not.
            let session = FileManager.default.fileExists(atPath: "/run/user/0") ? "/run/user/0/taskrun" : nil
            func folder(_ name: String) -> String { place.folder.appending(path: name).path }
            for name in ["run", "state", "home", "tmp"] { try place.write("", to: "\(name)/.keep") }
            let all = ["XDG_RUNTIME_DIR": folder("run"), "XDG_STATE_HOME": folder("state"), "HOME": folder("home")]
            #expect(path(all, in: place, user: 0) == folder("run/taskrun"))
            place.give("run", to: Scratch.stranger)
            #expect(path(all, in: place, user: 0) == session ?? folder("state/taskrun"))
            place.mode(0o777, of: "state")
            #expect(path(all, in: place, user: 0) == session ?? folder("home/.local/state/taskrun"))
            // A user without a home.
            #expect(path([:], in: place, user: 60_003) == folder("tmp/taskrun-60003"))
            #expect(
                path(["HOME": "relative", "XDG_RUNTIME_DIR": ""], in: place, user: 60_003)
                    == folder("tmp/taskrun-60003")
            )
        }
    }

    @Test("a run goes on where somebody else has made the folder in /tmp, and the next one takes the same folder")
    func squatted() async throws {
        try await Scratch.with { place async throws in
            try place.write("", to: "tmp/taskrun-0/.keep")
            place.give("tmp/taskrun-0", to: Scratch.stranger)
            var folder = StandardRuntimeFolder(variables: ["HOME": "/nonexistent"], user: 0)
            folder.temporary = place.folder.appending(path: "tmp").path
            let path = folder.temporaryPath
            #expect(path.hasPrefix(folder.temporary + "/taskrun-0.") && folder.temporaryPath == path)
            _ = try RuntimeDirectory(path: path)
        }
    }

    @Test("nobody stops a user's runs by making a folder in /tmp")
    func run() async throws {
        try await Scratch.with { place async throws in
            try place.handler("WORK", "touch done/$TASKRUN_TASK_ID")
            try place.write("", to: "done/0")
            try place.write("", to: "home/.keep")
            place.give("home", to: 60_004)
            for (path, mode) in [("", mode_t(0o1777)), ("tasks.db", 0o666), ("done", 0o777)] {
                place.mode(mode, of: path)
            }
            let squatted = "/tmp/taskrun-60004"
            try? FileManager.default.removeItem(atPath: squatted)
            try FileManager.default.createDirectory(atPath: squatted, withIntermediateDirectories: false)
            place.give(squatted, to: 60_005)
            defer { try? FileManager.default.removeItem(atPath: squatted) }
            for (number, home) in ["home", "none"].enumerated() {
                let own = place.setting([
                    "TASKRUN_RUNTIME_DIRECTORY": "", "XDG_RUNTIME_DIR": "/run/user/none",
                    "HOME": place.folder.appending(path: home).path,
                ])
                try await place.add(1)
                let end = try await own.run(["taskrun", "once"], as: 60_004)
                #expect(end.status == 0 && end.errors.isEmpty && place.has("done/\(number + 1)"), "\(end)")
            }
            #expect(try place.mode(of: "home/.local/state/taskrun") == 0o700)
            for name in try FileManager.default.contentsOfDirectory(atPath: "/tmp")
            where name.hasPrefix("taskrun-60004.") {
                try FileManager.default.removeItem(atPath: "/tmp/\(name)")
            }
        }
    }
}
