import Foundation
import GRDB
public import TaskRun

/// What `taskrun bench` needs to know of a file.
extension SQLiteStore {
    /// What a measurement depends on, in SQLite's words: version `3.40.1`, journal mode `wal`, synchronous `full`.
    public func conditions() async throws(StoreError) -> (version: String, journal: String, synchronous: String) {
        try await access("cannot read the settings") { database in
            let journal = try database.value(of: Pragma.journalMode) ?? "unknown"
            let number = try database.value(of: Pragma.synchronous)
            let synchronous = Synchronous.allCases.first { $0.number == number }
            return (SQLiteLibrary.version, journal, synchronous?.rawValue ?? "extra")
        }
    }

    /// The journal mode that a file's header says, without opening it as a database, or nil if there is no such file.
    ///
    /// Do not call it while this process has the file open: that would end SQLite's locks on it (see "How To Corrupt An
    /// SQLite Database File", 2.2). Any other mode than WAL counts as ``JournalMode/delete``: the header does not
    /// distinguish them. See <https://www.sqlite.org/fileformat2.html#file_format_version_numbers>.
    public static func journalMode(ofFile path: String) -> JournalMode? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        guard let header = try? file.read(upToCount: 20), header.count == 20 else { return nil }
        return header[18] == 2 ? .wal : .delete
    }

    /// Removes a database file, which no program may have open, and the files that SQLite keeps beside it.
    ///
    /// - Throws: ``StoreError/Code/database`` if one of the files cannot be removed.
    public static func remove(file path: String) throws(StoreError) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let file = path + suffix
            guard unlink(file) != 0, errno != ENOENT else { continue }
            throw StoreError(.database, subject: "cannot remove \(file)", cause: String(cString: strerror(errno)))
        }
    }
}
