import Platform

/// A database file that is not there yet.
enum NewFile {
    /// Makes an empty file, which SQLite takes for an empty database, before SQLite makes one that everybody may read.
    ///
    /// The journal and the log get the file's mode. A file that cannot be made is left to SQLite, which says why.
    static func make(_ path: String) {
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o660)
        if file >= 0 { close(file) }
    }
}
