import Foundation
import Testing

@Suite("Databases that cannot be worked with")
struct BadDatabaseTests {
    @Test("a damaged file is told as such, with what to do")
    func corrupt() async throws {
        try await Scratch.with { scratch in
            try await scratch.add(500, name: "OK", columns: "data", values: "'\"' || hex(randomblob(500)) || '\"'")
            let file = scratch.folder.appending(path: "tasks.db")
            var bytes = try Data(contentsOf: file)
            bytes.replaceSubrange(4096..<bytes.count, with: Data(repeating: 0xa5, count: bytes.count - 4096))
            try bytes.write(to: file)
            let end = try await scratch.taskrun("once")
            #expect(end.status == 78, "\(end)")
            #expect(end.errors.contains("malformed") && end.errors.contains("backup"), "\(end)")
        }
    }

    @Test("a file that may not be written is told as such, and is as it was")
    func readOnly() async throws {
        try await Scratch.with { scratch in
            try scratch.handler("OK", "true")
            try await scratch.add(1, name: "OK")
            // Root may write everything, so the program is run as nobody, who may not.
            let isRoot = geteuid() == 0
            let program = scratch.folder.appending(path: "taskrun").path
            if link(Scratch.binary, program) != 0 {
                try FileManager.default.copyItem(atPath: Scratch.binary, toPath: program)
            }
            for (path, mode) in [("", 0o755), ("taskrun", 0o755), ("tasks.db", 0o444)] {
                let item = scratch.folder.appending(path: path).path
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: item)
            }
            let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
            let words = (isRoot ? nobody : []) + [program, "once"]
            let environment = scratch.setting(["TASKRUN_RUNTIME_DIRECTORY": ""]).environment
            var end = try await Call(words, environment: environment, folder: scratch.folder).answer()
            // The copy may still be open for writing in a program that another test is just starting.
            try await eventually("the copy cannot be run: \(end)") {
                if end.status == 126 {
                    end = try await Call(words, environment: environment, folder: scratch.folder).answer()
                }
                return end.status != 126
            }
            #expect(end.status == 78, "\(end)")
            #expect(end.errors.contains("may not be written by this user"), "\(end)")
            #expect(try await scratch.sql("SELECT status, attempts FROM tasks") == ["WAITING|0"])
        }
    }
}
