import Platform
import SystemPackage

/// The folder for what the runs of one user on one host share: private, so that no other user can hold its locks.
struct RuntimeDirectory {
    /// Its path.
    let path: String

    /// Opens the folder, and creates it if it is not there.
    ///
    /// - Throws: ``ProgramError`` with ``ExitStatus/settings`` for one that belongs to another user, that others may
    ///   write to, or that cannot be made; with ``ExitStatus/tryAgain`` if the machine lacks room or memory to make it.
    init(path: String) throws(ProgramError) {
        self.path = path
        guard Self.make(FilePath(path)) else {
            let reason = Errno(rawValue: errno)
            throw Self.problem(path, "cannot be created: \(reason)", Scarcity.status(reason))
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw Self.problem(path, "cannot be read: \(Errno(rawValue: errno))") }
        if let fault = Self.fault(mode: status.st_mode, owner: status.st_uid, user: geteuid()) {
            throw Self.problem(path, fault)
        }
    }

    /// What is wrong with a folder, or nil if it can be trusted.
    static func fault(mode: mode_t, owner: uid_t, user: uid_t) -> String? {
        if mode & S_IFMT == S_IFLNK { return "is a symbolic link" }
        if mode & S_IFMT != S_IFDIR { return "is no folder" }
        if owner != user { return "belongs to another user" }
        if mode & 0o022 != 0 { return "may be written to by others" }
        return nil
    }

    /// Makes a folder and its parents, and returns whether it is there.
    private static func make(_ path: FilePath) -> Bool {
        if mkdir(path.string, 0o700) == 0 || errno == EEXIST { return true }
        let parent = path.removingLastComponent()
        guard errno == ENOENT, !parent.isEmpty, parent != path, make(parent) else { return false }
        return mkdir(path.string, 0o700) == 0 || errno == EEXIST
    }

    private static func problem(
        _ path: String,
        _ fault: String,
        _ status: ExitStatus = .settings
    ) -> ProgramError {
        let advice = "Set runtime_directory (TASKRUN_RUNTIME_DIRECTORY) to a folder of your own with mode 0700."
        return ProgramError(status, "the runtime directory \(path) \(fault)", advice: advice)
    }
}
