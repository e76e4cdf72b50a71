import Foundation
import TaskRun

/// The file of a database, before SQLite opens it.
struct DatabaseFile {
    let path: String
    /// The file, for people.
    let location: String

    var exists: Bool { FileManager.default.fileExists(atPath: path) }

    /// Creates an empty file, which is an empty database to SQLite and, unlike one that SQLite creates, not open to
    /// everyone.
    ///
    /// The journal and the log get the file's mode. If it cannot be created, SQLite reports why when it opens the path.
    func create() {
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o660)
        if file >= 0 { close(file) }
    }

    /// Checks that the file exists and that this user may write it, its folder, and the files that SQLite keeps beside
    /// it.
    func requireWritable() throws(StoreError) {
        guard exists else {
            throw StoreError(
                .database,
                subject: "cannot open \(location)",
                cause: "there is no such file",
                advice: "Create it with: taskrun --database \(location) migrate"
            )
        }
        let manager = FileManager.default
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        for item in [path, folder] where !manager.isWritableFile(atPath: item) {
            throw StoreError(
                .database,
                subject: "cannot write \(location)",
                cause: "\(item == path ? "the file" : "its folder \(folder)") may not be written by this user",
                advice: "SQLite writes the file and its journal beside it. "
                    + "Run taskrun as the file's owner, or change the owner."
            )
        }
        // Another user's program, such as one that root ran, may have left these. SQLite's own error would name the
        // database file.
        let real = FileIdentity.realPath(path)
        for item in ["-wal", "-shm", "-journal"].map({ real + $0 })
        where manager.fileExists(atPath: item) && !manager.isWritableFile(atPath: item) {
            let owner = (try? manager.attributesOfItem(atPath: item))?[.ownerAccountName] as? String
            throw StoreError(
                .database,
                subject: "cannot write \(location)",
                cause:
                    "\(item) beside it\(owner.map { " belongs to \($0) and" } ?? "") may not be written by this user",
                advice: "No program of another user, and none of root, may open the database. "
                    + "Stop such programs, then run: chown --reference='\(real)' '\(item)'"
            )
        }
    }
}
