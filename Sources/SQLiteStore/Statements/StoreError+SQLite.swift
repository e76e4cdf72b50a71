import GRDB
import TaskRun
import Text

extension DatabaseError {
    /// Whether the database refuses the row: by a constraint, by a trigger, or by a trigger that is broken.
    var refusesRow: Bool { [.SQLITE_CONSTRAINT, .SQLITE_ERROR, .SQLITE_MISMATCH].contains(resultCode) }
}

extension StoreError {
    /// Translates an SQLite error in doing `subject`, by its code: <https://www.sqlite.org/rescode.html>.
    ///
    /// If rows were written (`isAboutRows`), an error of a broken trigger refuses the row; the file itself is sound.
    init(sqlite error: any Error, _ subject: String, isAboutRows: Bool = false) {
        if let known = error as? StoreError {
            self = known
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(.other, subject: subject, cause: String(describing: error))
            return
        }
        let number = error.resultCode.rawValue
        // A trigger's message may have any length.
        let cause = "\(BoundedText.fit(error.message ?? "SQLite error", bytes: 4 * 1024)) (SQLite \(number))"
        var (code, advice) = Self.meaning(of: error.resultCode)
        if error.extendedResultCode == .SQLITE_READONLY_DBMOVED { advice = Self.movedAdvice }
        if error.message?.hasPrefix("no such table: task") == true { advice = Self.namesAdvice }
        // SQLITE_ABORT comes from the statement after a trigger that has undone the transaction.
        if isAboutRows, [.SQLITE_ERROR, .SQLITE_ABORT].contains(error.resultCode) { code = .refused }
        self.init(code, subject: subject, cause: cause, advice: advice)
    }

    /// The error for a table whose row numbers are used up.
    static func usedUp(_ subject: String, _ table: String) -> StoreError {
        StoreError(
            .refused,
            subject: subject,
            cause: "the table \(table) has no number left for a new row: "
                + "9223372036854775807, the greatest possible number, was used",
            advice: """
                Delete the row with that id, if it is there, and run in sqlite3: \
                UPDATE sqlite_sequence SET seq = (SELECT coalesce(max(id), 0) FROM \(table)) WHERE name = '\(table)';
                """
        )
    }

    private static let namesAdvice = """
        Run taskrun migrate: it makes the tables, and makes their views tasks_plain, tasks_keyed, tasks_after_crash and \
        task_rows again.
        """

    private static let movedAdvice = """
        The file was moved, removed or replaced while it was open, and nothing more was written to it. Stop the runs \
        before you replace the file. The tasks that they were performing are performed again.
        """

    private static func meaning(of code: ResultCode) -> (Code, String?) {
        switch code {
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL:
            (
                .locked,
                "Another program has held the file's lock for more than 5 s. Nothing was changed. Try again."
            )
        case .SQLITE_FULL:
            (.full, "Free space on the device. No data was lost.")
        case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG:
            (.refused, nil)
        case .SQLITE_NOTADB:
            (.database, "This is no SQLite file (or it is encrypted). Name another one with --database.")
        case .SQLITE_CORRUPT:
            (.database, "The file is damaged: see https://www.sqlite.org/recovery.html, or restore a backup.")
        case .SQLITE_CANTOPEN:
            (.database, "Check that the folder exists and that this user may read and write it.")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            (.database, "Run taskrun as the file's owner, or change the owner.")
        case .SQLITE_IOERR:
            (.database, "The device reports an error: check the disk and the system's log.")
        default:
            (.other, nil)
        }
    }
}
