import Foundation

/// A request to cancel a task whose SQL file is running: a small file beside the database, in which nothing can be
/// written meanwhile.
///
/// Anyone who may write the database may write its folder, so the note gives no one more rights. The run removes the
/// note.
struct CancelNote: Sendable {
    /// How old a note may be; a command that was killed left an older one.
    private static let age: TimeInterval = 60

    private let path: String

    /// The note about a task.
    init(database path: String, id: Int64) {
        self.path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path + "-cancel-\(id)"
    }

    /// Writes the note, or returns false if that is not possible.
    func leave() -> Bool {
        remove()
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        if file >= 0 { close(file) }
        return file >= 0
    }

    /// Whether there is a recent note.
    var isThere: Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        return Date().timeIntervalSince1970 - Double(status.st_mtim.tv_sec) < Self.age
    }

    /// Removes the note, if it is there.
    func remove() { unlink(path) }
}
