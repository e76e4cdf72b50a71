import Foundation
import SystemPackage
import TaskRun
import Testing

@testable import Handlers

@Suite("What is found in the handlers folder")
struct HandlersFolderTests {
    private func read(_ place: Place, path: String? = nil, isDefault: Bool = false) -> HandlersFolder {
        HandlersFolder(path: path ?? place.handlers, isDefault: isDefault, executables: place.settings()) {
            _,
            _,
            _ in
            .done
        }
    }

    @Test("programs and SQL files are handlers, named by their files without one extension")
    func handlers() async throws {
        try await withPlace { place in
            for name in ["IMAGE_RESIZE", "CONTACT_EMAIL.php", "two.dots.py", "Ünï cödé.sh"] {
                try place.write("#!/bin/sh\n", to: "handlers/\(name)", mode: 0o755)
            }
            try place.write("DELETE FROM accounts;", to: "handlers/ACCOUNT_DELETE.sql")
            try place.write("DELETE FROM accounts;", to: "handlers/UPPER.SQL", mode: 0o755)
            let folder = read(place)
            #expect(folder.findings == [])
            #expect(
                folder.handlers.map { "\($0.name) \($0.kind)" } == [
                    "ACCOUNT_DELETE sql", "CONTACT_EMAIL executable", "IMAGE_RESIZE executable", "UPPER sql",
                    "two.dots executable",
                    "Ünï cödé executable",
                ]
            )
            #expect(folder.handlers[1].origin == "\(place.handlers)/CONTACT_EMAIL.php")
            _ = try HandlerRegistry(folder.handlers)
        }
    }

    @Test("a program with .stream in its name is a stream handler, if it has the run bit")
    func streams() async throws {
        try await withPlace { place in
            for name in ["A.stream", "B.stream.py", "C.STREAM.rb", "stream.py", "x.stream.y.z"] {
                try place.write("#!/bin/sh\n", to: "handlers/\(name)", mode: 0o755)
            }
            try place.write("DELETE FROM accounts;", to: "handlers/D.stream.sql")
            try place.write("\u{7f}ELF", to: "handlers/E.stream")
            let folder = read(place)
            #expect(
                folder.handlers.map { "\($0.name) \($0.kind)" } == [
                    "A stream", "B stream", "C stream", "D.stream sql", "stream executable", "x.stream.y executable",
                ]
            )
            #expect(folder.findings.map(\.advice) == ["chmod +x \(place.handlers)/E.stream"])
        }
    }

    @Test("a handler of the folder performs tasks")
    func performs() async throws {
        try await withPlace { place in
            try place.write("#!/bin/sh\necho $TASKRUN_TASK_NAME; pwd\n", to: "handlers/HELLO.sh", mode: 0o755)
            let handler = try #require(read(place).handlers.first)
            #expect(await handler.perform(task(name: "HELLO")).result == "HELLO\n\(place.path)\n")
        }
    }

    @Test(
        "a task name is looked up among the handlers, and is never a path",
        arguments: ["../../bin/sh", "/bin/sh", "HELLO.sh", ""]
    )
    func names(name: String) async throws {
        try await withPlace { place in
            try place.write("#!/bin/sh\n", to: "handlers/HELLO.sh", mode: 0o755)
            let registry = try HandlerRegistry(read(place, path: "\(place.handlers)/").handlers)
            #expect(registry[name] == nil && registry["HELLO"]?.origin == "\(place.handlers)/HELLO.sh")
        }
    }

    @Test("hidden files, editors' backups, subfolders and documents are no handlers, and need no word")
    func ignored() async throws {
        try await withPlace { place in
            for name in [".hidden", ".A.swp", "A~", "A.bak", "A.php.orig", "A.swp", "#A#"] {
                try place.write("#!/bin/sh\n", to: "handlers/\(name)", mode: 0o755)
            }
            for name in ["README.md", "LICENSE", "Makefile", "data.json", "empty"] {
                try place.write("# words\n", to: "handlers/\(name)")
            }
            try place.write("#!/bin/sh\n", to: "handlers/sub/IMAGE_RESIZE", mode: 0o755)
            #expect(mkfifo("\(place.handlers)/pipe", 0o755) == 0)
            let folder = read(place)
            #expect(folder.handlers.isEmpty && folder.findings == [])
        }
    }

    @Test(
        "a file without run bit that was meant as a handler is reported with the command that helps",
        arguments: [("A.php", "<?php"), ("A", "#!/bin/sh\n"), ("A.py", ""), ("A", "\u{7f}ELF"), ("A.SH", "echo")]
    )
    func noRunBit(name: String, text: String) async throws {
        try await withPlace { place in
            try place.write(text, to: "handlers/\(name)")
            let file = "\(place.handlers)/\(name)"
            let finding = Finding(
                .warning,
                "handlers",
                "\(file) has no run bit, so it is not a handler",
                advice: "chmod +x \(file)"
            )
            #expect(read(place).findings == [finding] && read(place).handlers.isEmpty)
        }
    }

    @Test("files that everyone may write to are named and not used, and the rest is; of such a folder nothing is")
    func writableByEveryone() async throws {
        try await withPlace { place in
            try place.write("#!/bin/sh\n", to: "handlers/A", mode: 0o777)
            try place.write("SELECT 1;", to: "handlers/B.sql", mode: 0o666)
            try place.write("#!/bin/sh\n", to: "handlers/C", mode: 0o755)
            try place.write("words", to: "handlers/README.md", mode: 0o666)
            let folder = read(place)
            #expect(folder.handlers.map(\.name) == ["C"])
            #expect(folder.findings.map(\.level) == [.error, .error])
            #expect(folder.findings.map(\.advice) == ["A", "B.sql"].map { "Run: chmod go-w \(place.handlers)/\($0)" })
            // Sticky is enough on the way to the folder, not for the folder itself: others could add to it.
            try FileManager.default.setAttributes([.posixPermissions: 0o1777], ofItemAtPath: place.handlers)
            let open = read(place)
            #expect(open.handlers.isEmpty)
            #expect(open.findings.map(\.advice) == ["Run: chmod go-w \(place.handlers)"])
        }
    }

    @Test(
        "a name that no task can have is reported, and the rest is used",
        arguments: ["-rf", "line\nbreak", "escape\u{1B}[31m", "next\u{85}line"]
    )
    func badName(name: String) async throws {
        try await withPlace { place in
            try place.write("#!/bin/sh\n", to: "handlers/\(name)", mode: 0o755)
            try place.write("#!/bin/sh\n", to: "handlers/GOOD", mode: 0o755)
            let folder = read(place)
            #expect(folder.handlers.map(\.name) == ["GOOD"])
            let finding = try #require(folder.findings.first)
            #expect(finding.level == .warning && finding.found.contains("cannot be a handler"))
            #expect(!finding.found.unicodeScalars.contains { $0.properties.generalCategory == .control })
        }
    }

    @Test("a file name that is no UTF-8 is reported, and the rest is used")
    func nameWithoutUTF8() async throws {
        try await withPlace { place in
            let file = try place.write("#!/bin/sh\n", to: "handlers/GOOD", mode: 0o755)
            #expect(link(file, Array(place.handlers.utf8CString.dropLast()) + [0x2f, 0x41, -1, 0x42, 0]) == 0)
            let folder = read(place)
            #expect(folder.handlers.map(\.name) == ["GOOD"] && folder.findings.count == 1)
        }
    }

    @Test("two files for one name are both there: the registry names both")
    func twice() async throws {
        try await withPlace { place in
            try place.write("#!/bin/sh\n", to: "handlers/A.php", mode: 0o755)
            try place.write("SELECT 1;", to: "handlers/A.sql")
            let handlers = read(place).handlers
            let conflict = #expect(throws: HandlerRegistry.Conflict.self) { try HandlerRegistry(handlers) }
            #expect(conflict?.origins == ["\(place.handlers)/A.php", "\(place.handlers)/A.sql"])
        }
    }

    @Test("a missing folder is an error, unless nobody asked for it")
    func missing() async throws {
        try await withPlace { place in
            let path = "\(place.path)/missing"
            #expect(read(place, path: path, isDefault: true).findings == [])
            let finding = try #require(read(place, path: path).findings.first)
            #expect(
                finding.level == .error && finding.found == "the folder \(path) does not exist" && finding.advice != nil
            )
        }
    }

    @Test("a folder that cannot be read is an error with its reason")
    func unreadable() async throws {
        try await withPlace { place in
            let file = try place.write("x", to: "file")
            #expect(read(place, path: file).findings.map(\.found) == ["\(file) is not a folder"])
            try FileManager.default.createSymbolicLink(atPath: "\(place.path)/loop", withDestinationPath: "loop")
            let loop = read(place, path: "\(place.path)/loop", isDefault: true).findings
            #expect(loop.map(\.level) == [.error] && loop[0].found.contains("cannot be read: "))
            // Root may read every folder, so this one is decided without one.
            let denied = ProgramFolder.handlers.findings(for: .permissionDenied, path: "/h", isDefault: true)
            #expect(denied.map(\.level) == [.error])
            #expect(denied.map(\.found) == ["the folder /h cannot be read: permission denied"])
        }
    }

    @Test("a program that this user may not run is reported")
    func notForThisUser() {
        let status = FileStatus(kind: .file, permissions: 0o700, size: 1, isExecutable: false)
        let (kind, findings) = FolderEntry(name: "A", path: "handlers/A", status: status, start: []).decide()
        #expect(kind == .none && findings.map(\.level) == [.warning])
        let found = "handlers/A may not be run by this user (mode 700), so it is not a handler here"
        #expect(findings.first?.found == found)
    }

    @Test("a link to a program is a handler, a link to nothing is reported")
    func links() async throws {
        try await withPlace { place in
            let program = try place.write("#!/bin/sh\necho linked\n", to: "elsewhere/program", mode: 0o755)
            try FileManager.default.createSymbolicLink(atPath: "\(place.handlers)/A", withDestinationPath: program)
            try FileManager.default.createSymbolicLink(atPath: "\(place.handlers)/B", withDestinationPath: "nothing")
            let folder = read(place)
            #expect(folder.findings.map(\.found) == ["\(place.handlers)/B is a link to nothing: nothing"])
            #expect(folder.findings.map(\.advice) == ["Put a file there, or run: rm \(place.handlers)/B"])
            #expect(folder.handlers.map(\.name) == ["A"])
            #expect(await folder.handlers[0].perform(task()).result == "linked\n")
        }
    }

    @Test(
        "an SQL file that cannot be used is an error, and the rest is used",
        arguments: [
            (Data(), "is empty"), (Data(" \n\t".utf8), "is empty"), (Data([0x53, 0xff, 0x0a]), "is not UTF-8 text"),
            (Data("SELECT \0;".utf8), "is not UTF-8 text"),
            (Data(repeating: 0x20, count: 1 << 20 + 1), "is larger than 1 MiB"),
        ]
    )
    func badSQL(data: Data, reason: String) async throws {
        try await withPlace { place in
            try place.write(data, to: "handlers/A.sql")
            try place.write("SELECT 1;", to: "handlers/B.sql")
            let folder = read(place)
            #expect(folder.handlers.map(\.name) == ["B"])
            #expect(folder.findings.map(\.level) == [.error])
            #expect(
                folder.findings.first?.found == "\(place.handlers)/A.sql \(reason)"
                    && folder.findings.first?.advice != nil
            )
        }
    }
}
