import Foundation
import Testing

@testable import Handlers

@Suite("Who may change a file")
struct WritersTests {
    @Test(
        "this user and root are trusted, and a group of the owner's own; sticky folders may be passed through",
        arguments: [
            // Owner, group, permissions, on the way; what is wrong.
            (7, 7, 0o755, false, nil), (0, 0, 0o755, false, nil), (0, 0, 0o700, false, nil),
            (8, 7, 0o755, false, "belongs to"), (8, 7, 0o755, true, "belongs to"), (8, 7, 0o1777, true, "belongs to"),
            (7, 7, 0o777, false, "by everyone"), (7, 7, 0o777, true, "by everyone"),
            (7, 7, 0o702, false, "by everyone"),
            (7, 9, 0o775, false, "by the group"), (7, 9, 0o775, true, "by the group"), (7, 7, 0o775, false, nil),
            (0, 0, 0o1777, true, nil), (0, 0, 0o1777, false, "by everyone"), (7, 9, 0o1775, true, nil),
        ] as [(uid_t, gid_t, UInt32, Bool, String?)]
    )
    func faults(owner: uid_t, group: gid_t, permissions: UInt32, isPassedThrough: Bool, found: String?) {
        let writers = Writers(owner: owner, group: group, permissions: permissions)
        let fault = writers.fault(for: 7, isPassedThrough: isPassedThrough) { group, owner in group == owner }
        #expect(fault?.contains(found ?? "nothing") ?? (found == nil), "\(fault ?? "none")")
    }

    @Test("each part of a path is looked at, whatever links it goes by")
    func parts() async throws {
        try #require(geteuid() == 0, "run the tests as root: they give files away")
        try await withPlace { place in
            let file = try place.write("x", to: "a/b/file")
            func fault(_ path: String) -> String? {
                var trust = PathTrust()
                return trust.fault(of: path)?.path
            }
            let links = FileManager.default
            try links.createSymbolicLink(atPath: "\(place.path)/there", withDestinationPath: "a/./b/../b")
            try links.createSymbolicLink(atPath: "\(place.path)/loop", withDestinationPath: "loop")
            for path in [file, "\(place.path)/there/file", "\(place.path)/loop", "\(place.path)/none/x", "\(file)/x"] {
                #expect(fault(path) == nil, "\(path)")
            }
            chown("\(place.path)/a", 65_534, 65_534)
            #expect(fault(file) == "\(place.path)/a")
            #expect(fault("\(place.path)/there/file") == "\(place.path)/a")
            #expect(fault("\(place.path)/a/../a/b/file") == "\(place.path)/a")
            chown("\(place.path)/a", 0, 0)
            #expect(fault(file) == nil)
            lchown("\(place.path)/there", 65_534, 65_534)
            #expect(fault("\(place.path)/there/file") == "\(place.path)/there")
            #expect(fault(file) == nil)
            // A folder that was looked at on the way is looked at again when it is what matters.
            chmod("\(place.path)/a", 0o1777)
            var trust = PathTrust()
            #expect(trust.fault(of: file) == nil && trust.fault(of: "\(place.path)/a") != nil)
        }
    }

    @Test("what cannot be looked at is not used")
    func tooLong() async throws {
        try await withPlace { place in
            var trust = PathTrust()
            // One step at a time there is a way to a folder whose path is too long for the kernel.
            let script = """
                import os, sys
                os.chdir(sys.argv[1])
                for _ in range(30): os.mkdir("x" * 200); os.chdir("x" * 200)
                os.mkdir("handlers")
                with open("handlers/WORK", "w") as file: file.write("#!/bin/sh\\n")
                os.chmod("handlers/WORK", 0o755)
                """
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["python3", "-c", script, place.path]
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            // The file's own way is too long, so it is not said that nothing is there.
            let here = String(repeating: String(repeating: "x", count: 200) + "/", count: 30)
            #expect(
                trust.fault(of: "\(place.path)/\(here)handlers/WORK")?.found.contains("cannot be checked") == true
            )
        }
    }

    @Test("where an access list names more users, the group is not the owner's own")
    func accessList() async throws {
        try await withPlace { place in
            let file = try place.write("x", to: "file", mode: 0o664)
            var trust = PathTrust()
            #expect(trust.fault(of: file) == nil)
            // Version 2, then tag, permissions and number of each entry: linux/posix_acl_xattr.h.
            let entries: [(UInt16, UInt16, UInt32)] = [
                (0x01, 6, .max), (0x02, 6, 65_534), (0x04, 4, .max), (0x10, 6, .max), (0x20, 4, .max),
            ]
            var list: [UInt8] = [2, 0, 0, 0]
            for (tag, permissions, number) in entries {
                for part in [UInt32(tag), UInt32(permissions)] { list += [UInt8(part & 0xff), UInt8(part >> 8)] }
                list += (0..<4).map { UInt8(number >> ($0 * 8) & 0xff) }
            }
            let error = list.withUnsafeBytes { setACL(file, $0) }
            // Not every file system has access lists.
            guard error != ENOTSUP else { return }
            try #require(error == 0)
            #expect(trust.fault(of: file)?.found.contains("by the group") == true)
        }
    }

    private func setACL(_ path: String, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        let script = "import os,sys;os.setxattr(sys.argv[1],'system.posix_acl_access',sys.stdin.buffer.read())"
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, path]
        let pipe = Pipe()
        process.standardInput = pipe
        guard (try? process.run()) != nil else { return -1 }
        pipe.fileHandleForWriting.write(Data(bytes))
        try? pipe.fileHandleForWriting.close()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? 0 : ENOTSUP
    }
}
