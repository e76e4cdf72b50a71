import CSpawn
import Platform

/// What another user may do with a path, by the modes of all folders on the way to it.
package struct UserAccess: Sendable {
    /// What a user wants to do with a file or a folder.
    package enum Right: UInt32, Sendable {
        case execute = 1, write = 2, read = 4
    }

    /// The user's name.
    package let name: String
    /// The user's number.
    package let number: UInt32
    private let groups: Set<gid_t>

    /// Looks a user up; nil if there is none of this name.
    package init?(name: String) {
        guard let entry = getpwnam(name) else { return nil }
        let (number, group) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
        var count: Int32 = 256
        var groups = [gid_t](repeating: 0, count: Int(count))
        let found = getgrouplist(name, group, &groups, &count) >= 0 ? Set(groups.prefix(Int(count))) : [group]
        self.init(name: name, number: number, groups: found.union([group]))
    }

    init(name: String, number: uid_t, groups: Set<gid_t>) {
        (self.name, self.number, self.groups) = (name, number, groups)
    }

    /// Whether the mode of a file gives a right to this user.
    ///
    /// Root may do everything, but run only what has a run bit.
    func may(_ right: Right, _ writers: Writers, isFolder: Bool) -> Bool {
        let mode = writers.permissions
        if number == 0 { return right != .execute || isFolder || mode & 0o111 != 0 }
        let shift: UInt32 = writers.owner == number ? 6 : groups.contains(writers.group) ? 3 : 0
        return (mode >> shift) & right.rawValue != 0
    }

    /// The first part of a path that keeps the user from it, or nil if there is none that can be seen from here.
    ///
    /// - Parameters:
    ///   - path: What the user wants to reach; relative to the working directory of this process.
    ///   - right: What for.
    /// - Returns: The folder that may not be entered, or the path itself.
    package func obstacle(to path: String, _ right: Right) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        let whole = String(cString: real)
        var here = ""
        let parts = whole.split(separator: "/")
        for part in [""] + parts.map(String.init) {
            here = part.isEmpty ? "/" : here == "/" ? "/\(part)" : "\(here)/\(part)"
            var status = stat()
            guard stat(here, &status) == 0 else { return nil }
            let isLast = here == whole
            let isFolder = mode_t(status.st_mode) & S_IFMT == S_IFDIR
            // An access control list may give more.
            guard
                may(isLast ? right : .execute, Writers(status), isFolder: isFolder)
                    || file_has_access_list(here) != 0
            else { return here }
        }
        return nil
    }
}
