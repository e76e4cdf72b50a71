#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
import CSpawn
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

    /// Whether anyone at all may run it.
    var hasRunBit: Bool { permissions & 0o111 != 0 }

    init(kind: Kind, permissions: UInt32, size: Int, isExecutable: Bool) {
        self.kind = kind
        self.permissions = permissions
        self.size = size
        self.isExecutable = isExecutable
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
        self.init(
            kind: kind,
            permissions: UInt32(status.st_mode) & 0o7777,
            size: Int(status.st_size),
            isExecutable: faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0
        )
    }
}
