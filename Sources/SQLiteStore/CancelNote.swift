import Foundation

/// A wish to cancel a task whose SQL file is running: a small file beside the database, as nothing can be written into that meanwhile.
///
/// Who may write the database may write its folder, so nobody can cancel more than he could otherwise. The run takes the note away.
struct CancelNote {
    /// An older one was left by a command that was killed.
    private static let age: TimeInterval = 60

    private let path: String

    /// The note about a task.
    init(database path: String, id: Int64) {
        self.path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path + "-cancel-\(id)"
    }

    /// Leaves it; false where that is not possible.
    func leave() -> Bool {
        take()
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        if file >= 0 { close(file) }
        return file >= 0
    }

    /// Whether it is there, and was left lately.
    var isThere: Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        return Date().timeIntervalSince1970 - Double(status.st_mtim.tv_sec) < Self.age
    }

    /// Removes it, if it is there.
    func take() { unlink(path) }
}
