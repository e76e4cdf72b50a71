import Foundation
import Testing

/// What other users of the machine do. Tests are run as root, who can become any of them; none of them has a name here.
extension Scratch {
    /// A user who is not the owner of anything.
    static let stranger = 65_534

    /// The binary at a place where every user can run it.
    func readable() async throws -> String {
        let copy = folder.appending(path: "taskrun-for-all").path
        guard !FileManager.default.fileExists(atPath: copy) else { return copy }
        // By another program: one that a test starts at this moment would hold a copy of this process's open for writing.
        let answer = try await other("install", "-m", "755", Self.binary, copy)
        try #require(answer.status == 0, "\(answer)")
        return copy
    }

    /// Runs a program as another user, in the same place; `taskrun` is the binary.
    func run(_ words: [String], as user: Int, group: Int? = nil) async throws -> Answer {
        try #require(geteuid() == 0, "run the tests as root: they become another user")
        let group = "\(group ?? user)"
        let become = ["setpriv", "--reuid=\(user)", "--regid=\(group)", "--clear-groups", "--"]
        let program = words.first == "taskrun" ? [try await readable()] : words.prefix(1).map { $0 }
        return try await Call(become + program + words.dropFirst(), environment: environment, folder: folder).answer()
    }

    /// Gives something in this place to another user.
    func give(_ path: String, to user: Int, group: Int? = nil) {
        let path = path.hasPrefix("/") ? path : folder.appending(path: path).path
        #expect(lchown(path, uid_t(user), gid_t(group ?? user)) == 0, "run the tests as root: they give files away")
    }

    /// Sets a mode, whatever the umask.
    func mode(_ mode: mode_t, of path: String) {
        #expect(chmod(path.hasPrefix("/") ? path : folder.appending(path: path).path, mode) == 0)
    }

    /// The mode of something in this place.
    func mode(of path: String) throws -> mode_t {
        var status = stat()
        try #require(lstat(folder.appending(path: path).path, &status) == 0)
        return status.st_mode & 0o7777
    }
}
