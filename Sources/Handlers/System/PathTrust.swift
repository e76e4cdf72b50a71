import CSpawn
import Platform
import SystemPackage

/// Decides whose files are used: those that only this user and root may change.
///
/// A user who can write to a program, or to any folder on the way to it, decides what is performed. So each folder from
/// the root on, each link and the file itself must belong to this user or to root, and no other user may write to them.
/// This is the rule of sshd(8), `StrictModes`.
///
/// Folders that were checked are remembered.
package struct PathTrust {
    /// Why a path is not used.
    package struct Fault: Sendable, Equatable {
        /// The part of the path with the problem.
        package let path: String
        /// What is wrong with it: `belongs to eve`.
        package let found: String
        /// What to do, as a command.
        package let advice: String
    }

    private let user: uid_t
    private var known: Set<String> = []

    /// Trusts the user that this process runs as.
    package init() { self.init(user: geteuid()) }

    /// - Parameter user: The user who is trusted besides root.
    package init(user: UInt32) { self.user = user }

    /// Checks all parts of a path.
    ///
    /// - Parameter path: Relative to the working directory of this process.
    /// - Returns: The problem, or nil if there is none, and if the path leads to nothing that could be used.
    package mutating func fault(of path: String) -> Fault? {
        var rest = Array(FilePath(path).components.reversed())
        var here = FilePath("/")
        if FilePath(path).isRelative {
            guard let folder = getcwd(nil, 0) else { return Self.unseen(here.appending(path), Errno(rawValue: errno)) }
            defer { free(folder) }
            rest += FilePath(String(cString: folder)).components.reversed()
        }
        if let fault = look(at: here, isLast: rest.isEmpty)?.fault { return fault }
        var links = 0
        while let part = rest.popLast() {
            switch part.kind {
            case .currentDirectory: continue
            case .parentDirectory: here.removeLastComponent()
            case .regular:
                let next = here.appending(part)
                let isLast = rest.isEmpty
                if !isLast, known.contains(next.string) {
                    here = next
                    continue
                }
                guard let found = look(at: next, isLast: isLast) else { return nil }
                if let fault = found.fault { return fault }
                guard let target = found.link else {
                    here = next
                    continue
                }
                links += 1
                // ELOOP: opening the file will report it.
                guard links <= 40 else { return nil }
                if target.isAbsolute { here = "/" }
                rest += target.components.reversed()
            }
        }
        return nil
    }

    /// Checks one part of a path, with no link in it except perhaps at its end; returns nil if nothing is there.
    private mutating func look(at path: FilePath, isLast: Bool) -> (fault: Fault?, link: FilePath?)? {
        var status = stat()
        guard lstat(path.string, &status) == 0 else {
            let reason = Errno(rawValue: errno)
            // The kernel may reach the file by a shorter way where this check fails: the path is too long, or a folder
            // was closed since.
            let isNothing = reason == .noSuchFileOrDirectory || reason == .notDirectory
            return isNothing ? nil : (Self.unseen(path, reason), nil)
        }
        let kind = mode_t(status.st_mode) & S_IFMT
        if kind == S_IFLNK {
            // A link has no permissions of its own: its folder's count.
            let writers = Writers(owner: status.st_uid, group: status.st_gid, permissions: 0)
            if let fault = fault(writers, path, isPassedThrough: false) { return (fault, nil) }
            var text = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
            let count = readlink(path.string, &text, text.count - 1)
            guard count > 0 else { return nil }
            return (nil, FilePath(String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)))
        }
        let isFolder = kind == S_IFDIR
        // The other end of a pipe is no file that another user could change.
        guard isFolder || kind == S_IFREG else { return (nil, nil) }
        if let fault = fault(Writers(status), path, isPassedThrough: isFolder && !isLast) { return (fault, nil) }
        if isFolder { known.insert(path.string) }
        return (nil, nil)
    }

    private static func unseen(_ path: FilePath, _ reason: Errno) -> Fault {
        let advice = "Write its whole path, or start taskrun in another folder."
        return Fault(path: path.string, found: "cannot be checked: \(SpawnFailure.describe(reason))", advice: advice)
    }

    private func fault(_ writers: Writers, _ path: FilePath, isPassedThrough: Bool) -> Fault? {
        let found = writers.fault(for: user, isPassedThrough: isPassedThrough) { group, owner in
            Account.isPrivate(group, of: owner) && !Self.hasAccessList(path.string)
        }
        guard let found else { return nil }
        let isOwned = writers.owner == user || writers.owner == 0
        // Modes say nothing there: a ConfigMap of Kubernetes has 777.
        if isOwned, file_is_read_only(path.string) != 0 { return nil }
        let advice =
            isOwned
            ? "Run: chmod go-w \(path)"
            : "Run: chown root \(path), or run taskrun as its owner."
        return Fault(path: path.string, found: found, advice: advice)
    }

    /// Whether an access control list names more users; the group's bits then only say that some user may write,
    /// acl(5).
    private static func hasAccessList(_ path: String) -> Bool {
        file_has_access_list(path) != 0
    }
}

extension PathTrust.Fault {
    /// The problem with a path that a setting names: `the hooks folder hooks is not used: it belongs to eve`.
    package func sentence(_ what: String, _ asked: String) -> String {
        let isItself = Files.absolute(asked).string == path
        return "\(what) \(asked) is not used: " + (isItself ? "it \(found)" : "\(path), on the way to it, \(found)")
    }
}
