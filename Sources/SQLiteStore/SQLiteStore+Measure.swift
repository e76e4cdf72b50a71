import Foundation
import GRDB
public import TaskRun

extension SQLiteStore {
    /// What a measurement depends on: the library's version, the journal mode and how far each commit goes.
    ///
    /// - Returns: The words of SQLite: `3.40.1`, `wal`, `full`.
    /// - Throws: What the database reports.
    public func conditions() async throws(StoreError) -> (version: String, journal: String, synchronous: String) {
        try await access("cannot read the settings") { database in
            let journal = try database.value(of: Pragma.journalMode) ?? "unknown"
            let number = try database.value(of: Pragma.synchronous)
            let synchronous = Synchronous.allCases.first { $0.number == number }
            return (SQLiteLibrary.version, journal, synchronous?.rawValue ?? "extra")
        }
    }

    /// The journal mode of a file, read from its header without opening it as a database; nil where there is none.
    ///
    /// Not to be called while this process has it open: that would end SQLite's locks on it (see "How To Corrupt An SQLite
    /// Database File", 2.2). A file in any other mode than WAL counts as ``JournalMode/delete``: the header does not tell them apart. See
    /// <https://www.sqlite.org/fileformat2.html#file_format_version_numbers>.
    public static func journalMode(ofFile path: String) -> JournalMode? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        guard let header = try? file.read(upToCount: 20), header.count == 20 else { return nil }
        return header[18] == 2 ? .wal : .delete
    }

    /// Removes a database file and what SQLite keeps beside it; nobody may have it open.
    ///
    /// - Throws: ``StoreError/Code/database`` for a file that is still there then.
    public static func remove(file path: String) throws(StoreError) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let file = path + suffix
            guard unlink(file) != 0, errno != ENOENT else { continue }
            throw StoreError(.database, subject: "cannot remove \(file)", cause: String(cString: strerror(errno)))
        }
    }

    /// Which rows a claim of plain tasks asks for, as SQL: those of the index `tasks_due`.
    public static var plainRows: String { Statements.part("plain_rows", of: Statements.nextQueue.sql) }
}
