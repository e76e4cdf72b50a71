import CSpawn
import Platform
import SystemPackage

/// What is under a path.
package enum FileSystem {
    /// Whether other machines may have it, too, or a program serves it: NFS, SMB, sshfs.
    package static func isRemote(_ path: String) -> Bool { file_is_remote(path) != 0 }
}

/// What stat(2) says of a file, as far as handlers are concerned.
struct FileStatus: Sendable, Equatable {
    /// The kinds that are told apart.
    enum Kind: Sendable, Equatable {
        case file, folder, other
    }

    /// What it is; a link is followed.
    let kind: Kind
    /// The permission bits, `0o755`.
    let permissions: UInt32
    /// The size in bytes.
    let size: Int
    /// Whether this process may run it, or enter it where it is a folder.
    let isExecutable: Bool
    /// Whether it lies where no program may be started (mounted noexec): then nobody may run it, whatever its mode.
    let isNotForPrograms: Bool

    /// ST_NOEXEC of statvfs(3), which Swift does not see.
    private static func isNotForPrograms(_ path: String) -> Bool {
        var status = statvfs()
        return statvfs(path, &status) == 0 && status.f_flag & 8 != 0
    }

    /// Whether all may do everything, as with each file of a share that has no modes: then the run bit says nothing.
    var isOpenToAll: Bool { permissions & 0o777 == 0o777 }

    /// Whether anyone at all may run it.
    var hasRunBit: Bool { permissions & 0o111 != 0 }

    init(kind: Kind, permissions: UInt32, size: Int, isExecutable: Bool, isNotForPrograms: Bool = false) {
        self.kind = kind
        self.permissions = permissions
        self.size = size
        self.isExecutable = isExecutable
        self.isNotForPrograms = isNotForPrograms
    }

    /// Looks at a path.
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
            isNotForPrograms: !isExecutable && Self.isNotForPrograms(path)
        )
    }
}
