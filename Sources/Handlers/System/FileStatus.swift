import CSpawn
import Platform
import SystemPackage

/// Facts about the file system under a path.
package enum FileSystem {
    /// Whether it is a network file system, or one that a program serves: NFS, SMB, sshfs.
    package static func isRemote(_ path: String) -> Bool { file_is_remote(path) != 0 }
}

/// The part of a file's stat(2) that matters for handlers.
struct FileStatus: Sendable, Equatable {
    /// The kinds that are distinguished.
    enum Kind: Sendable, Equatable {
        case file, folder, other
    }

    /// Its kind; a link is followed.
    let kind: Kind
    /// The permission bits, `0o755`.
    let permissions: UInt32
    /// The size in bytes.
    let size: Int
    /// Whether this process may run it, or enter it if it is a folder.
    let isExecutable: Bool
    /// Whether its file system allows no programs (mounted noexec); then no user may run it, whatever its mode.
    var isNotForPrograms: Bool { mountPoint != nil }

    /// Where that file system is mounted; nil for one that allows programs.
    let mountPoint: String?

    /// Reads ST_NOEXEC of statvfs(3), which Swift does not see.
    private static func isNotForPrograms(_ path: String) -> Bool {
        var status = statvfs()
        return statvfs(path, &status) == 0 && status.f_flag & 8 != 0
    }

    /// The last folder on the way up from a path that is on the same device.
    private static func mountPoint(of path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        var (here, status) = (FilePath(String(cString: real)), stat())
        guard stat(here.string, &status) == 0 else { return path }
        let device = status.st_dev
        while true {
            let parent = here.removingLastComponent()
            guard parent != here, stat(parent.string, &status) == 0, status.st_dev == device else { return here.string }
            here = parent
        }
    }

    /// Whether all users may do everything, as on a share that has no modes; the run bit says nothing then.
    var isOpenToAll: Bool { permissions & 0o777 == 0o777 }

    /// Whether any user may run it.
    var hasRunBit: Bool { permissions & 0o111 != 0 }

    init(kind: Kind, permissions: UInt32, size: Int, isExecutable: Bool, mountPoint: String? = nil) {
        self.kind = kind
        self.permissions = permissions
        self.size = size
        self.isExecutable = isExecutable
        self.mountPoint = mountPoint
    }

    /// Reads the status of a path.
    init(path: String) throws(Errno) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw Errno(rawValue: errno) }
        let kind: Kind
        switch mode_t(status.st_mode) & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .folder
        default: kind = .other
        }
        let isExecutable = faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0
        self.init(
            kind: kind,
            permissions: UInt32(status.st_mode) & 0o7777,
            size: Int(status.st_size),
            isExecutable: isExecutable,
            mountPoint: !isExecutable && Self.isNotForPrograms(path) ? Self.mountPoint(of: path) : nil
        )
    }
}
