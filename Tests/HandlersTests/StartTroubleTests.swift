import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Handlers

@Suite("Programs that cannot start")
struct StartTroubleTests {
    /// What is said of a file with this content and the run bit.
    private func trouble(_ data: Data, named name: String = "A", mode: Int = 0o755) async throws -> StartTrouble? {
        var trouble: StartTrouble?
        try await withPlace { place in
            let file = try place.write(data, to: "handlers/\(name)", mode: mode)
            trouble = StartTrouble.look(at: file, searchPath: "/usr/bin:/bin").map {
                // The path without the place, which is another one each time.
                StartTrouble($0.found, $0.mend.replacing("\(place.path)/", with: ""))
            }
        }
        return trouble
    }

    @Test(
        "each says what is wrong and the command that mends it",
        arguments: [
            ("A", "", "it is empty", "rm handlers/A"),
            ("A.php", "", "it is empty", "#!/usr/bin/env php"),
            ("A", "#!/bin/sh\r\nexit 0\r\n", "ends in a carriage return", "sed -i 's/\\r$//' handlers/A"),
            ("A", "#!/usr/bin/env sh\r\n", "ends in a carriage return", "sed -i 's/\\r$//' handlers/A"),
            ("A", "\u{FEFF}#!/bin/sh\n", "byte order mark before #!", "sed -i '1s/^\\xEF\\xBB\\xBF//' handlers/A"),
            ("A", "\n #!/bin/sh\n", "white space stands before its #!", "sed -i"),
            ("A.php", "<?php echo 1;\n", "it is not a program", "sed -i '1i #!/usr/bin/env php' handlers/A.php"),
            ("A", "#!\n", "names no interpreter", "#!/bin/sh"),
            ("A", "#!sh\n", "names sh without a path", "#!/usr/bin/env sh"),
            ("A", "#!/usr/bin/env\n", "names no program behind env", "#!/bin/sh"),
            ("A", "#!/usr/bin/env sh -e\n", "gives env \"sh -e\" as one word", "env -S"),
            ("A", "#!/usr/bin/env no-such\n", "no-such is not found along PATH (/usr/bin:/bin)", "Install"),
            ("A", "#!/opt/nowhere/no-such -q\n", "its interpreter /opt/nowhere/no-such is missing", "Install"),
            ("A", "#!/opt/no/sh\n", "its interpreter /opt/no/sh is missing", "sed -i '1s|/opt/no/sh|/usr/bin/sh|'"),
            ("A", "#!/usr/bin\n", "its interpreter /usr/bin is not a file", "Install"),
            ("A", "#!/etc/hosts\n", "its interpreter /etc/hosts ", "Install"),
            ("A", "#!/" + String(repeating: "x", count: 300) + "\n", "longer than the 255 bytes", "Shorten it"),
            ("A", "MZ\u{90}", "it is a program for Windows", "for Linux"),
            ("A.jar", "PK\u{3}\u{4}", "it is an archive", "java -jar"),
        ]
    )
    func contents(_ name: String, _ text: String, _ found: String, _ mend: String) async throws {
        let trouble = try #require(try await trouble(Data(text.utf8), named: name))
        #expect(trouble.found.contains(found) && trouble.mend.contains(mend), "\(trouble)")
    }

    @Test(
        "what starts is not complained about",
        arguments: [
            "#!/bin/sh\nexit 0\n", "#! /bin/sh -e\n", "#!/usr/bin/env sh\n", "#!/usr/bin/env -S sh -e\n",
            "#!/bin/sh", "#!/bin/sh\nexit 0\r\n",
        ]
    )
    func fine(_ text: String) async throws { #expect(try await trouble(Data(text.utf8)) == nil) }

    @Test("a program of this machine starts, one of another machine and one whose loader is missing do not")
    func programs() async throws {
        let own = try Data(contentsOf: URL(filePath: "/proc/self/exe"), options: .alwaysMapped)
        var start = [UInt8](own.prefix(4096))
        #expect(ELFHeader(start)?.loader?.hasPrefix("/lib") == true)
        #expect(try await trouble(Data(start)) == nil)
        let loader = try #require(ELFHeader(start)?.loader)
        let place = try #require(Data(start).firstRange(of: Data(loader.utf8))?.lowerBound)
        start[place + 1] = UInt8(ascii: "X")
        let missing = try #require(try await trouble(Data(start)))
        #expect(missing.found.contains("the loader that it was linked for, /X") && missing.found.contains("is missing"))
        start = [UInt8](own.prefix(4096))
        (start[18], start[19]) = (22, 0)
        var facts = StartFacts(files: [Self.file("A", start)], machine: ELFHeader([UInt8](own.prefix(64)))?.machine)
        #expect(StartTrouble.decide(facts)?.found.contains("it was built for s390x, and this machine is ") == true)
        // Where the kernel starts programs of other machines by a program like qemu, nothing is said.
        facts.startsMore = true
        #expect(StartTrouble.decide(facts) == nil)
        #expect(try await trouble(Data(own.prefix(20)))?.found == "it is a program that was cut off")
    }

    private static func file(
        _ path: String,
        _ start: [UInt8]?,
        permissions: UInt32 = 0o755,
        isExecutable: Bool = true,
        mount: String? = nil
    ) -> StartFacts.File {
        let status = FileStatus(
            kind: .file,
            permissions: permissions,
            size: start?.count ?? 100,
            isExecutable: isExecutable,
            mountPoint: mount
        )
        return StartFacts.File(path: path, status: status, start: start)
    }

    @Test("a mount with noexec, a mode and a link to nothing are named with what mends them")
    func surroundings() {
        let script = Array("#!/bin/sh\n".utf8)
        let mounted = StartFacts(files: [Self.file("/srv/h/A", script, isExecutable: false, mount: "/srv")])
        #expect(StartTrouble.decide(mounted)?.mend.hasSuffix("mount -o remount,exec /srv") == true)
        let closed = StartFacts(files: [Self.file("h/A b", script, permissions: 0o700, isExecutable: false)])
        #expect(StartTrouble.decide(closed)?.found == "this user may not run it (mode 700)")
        #expect(StartTrouble.decide(closed)?.mend.hasSuffix("chmod a+rx 'h/A b'") == true)
        let still = StartFacts(files: [Self.file("A", script, permissions: 0o644, isExecutable: false)])
        #expect(StartTrouble.decide(still) == StartTrouble("it has no run bit", "chmod +x A"))
        let link = StartFacts.File(path: "A", status: nil, reason: .noSuchFileOrDirectory, link: "../gone")
        #expect(StartTrouble.decide(StartFacts(files: [link]))?.found == "it is a link to nothing: ../gone")
        // A program that this user may run and not read may be anything.
        #expect(StartTrouble.decide(StartFacts(files: [Self.file("A", nil)])) == nil)
    }

    @Test("scripts that are each other's interpreters end somewhere")
    func loop() async throws {
        try await withPlace { place in
            let (one, two) = ("\(place.handlers)/ONE", "\(place.handlers)/TWO")
            try place.write("#!\(two)\n", to: "handlers/ONE", mode: 0o755)
            try place.write("#!\(one)\n", to: "handlers/TWO", mode: 0o755)
            #expect(StartTrouble.look(at: one, searchPath: nil)?.found == "its interpreters lead to each other")
        }
    }
}

@Suite("What other users may do")
struct UserAccessTests {
    @Test("the mode decides for the owner, the group and others, and root may do everything but run without a run bit")
    func modes() {
        let user = UserAccess(name: "eve", number: 1001, groups: [1001, 50])
        let root = UserAccess(name: "root", number: 0, groups: [0])
        func writers(_ owner: UInt32, _ group: UInt32, _ mode: UInt32) -> Writers {
            Writers(owner: owner, group: group, permissions: mode)
        }
        #expect(user.may(.write, writers(1001, 1, 0o200), isFolder: false))
        #expect(!user.may(.read, writers(1001, 1, 0o044), isFolder: false))
        #expect(user.may(.execute, writers(2, 50, 0o010), isFolder: true))
        #expect(!user.may(.execute, writers(2, 50, 0o001), isFolder: true))
        #expect(user.may(.execute, writers(2, 3, 0o001), isFolder: true))
        #expect(root.may(.write, writers(1, 1, 0), isFolder: false))
        #expect(root.may(.execute, writers(1, 1, 0), isFolder: true))
        #expect(!root.may(.execute, writers(1, 1, 0o666), isFolder: false))
    }

    @Test("the first folder that keeps a user out is named")
    func obstacle() async throws {
        try await withPlace { place in
            try place.write("x", to: "a/b/file", mode: 0o755)
            let real = URL(filePath: place.path).resolvingSymlinksInPath().path
            let user = UserAccess(name: "eve", number: 54_321, groups: [])
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.path)
            #expect(user.obstacle(to: "\(place.path)/a/b/file", .execute) == nil)
            #expect(user.obstacle(to: "\(place.path)/a/b/file", .write) == "\(real)/a/b/file")
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: "\(place.path)/a")
            #expect(user.obstacle(to: "\(place.path)/a/b/file", .execute) == "\(real)/a")
            #expect(user.obstacle(to: "\(place.path)/none", .read) == nil)
        }
    }
}
