import GRDBSQLite

/// Which SQLite library this process runs on.
enum SQLiteLibrary {
    /// For people: `3.40.1`.
    static var version: String { String(cString: sqlite3_libversion()) }

    /// As a number: 3040001.
    static var number: Int32 { sqlite3_libversion_number() }

    /// Whether WAL is safe: other versions can lose committed rows when two processes checkpoint at the same time.
    ///
    /// Fixed in 3.51.3, 3.50.7 and 3.44.6; see <https://www.sqlite.org/wal.html>, "The WAL-Reset Bug".
    static var hasWALResetFix: Bool { hasWALResetFix(number) }

    static func hasWALResetFix(_ number: Int32) -> Bool {
        number >= 3_051_003 || (3_050_007..<3_051_000).contains(number) || (3_044_006..<3_045_000).contains(number)
    }
}
