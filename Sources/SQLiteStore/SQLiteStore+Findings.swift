import Foundation
import GRDB
public import TaskRun

extension SQLiteStore {
    /// What `taskrun check` says about this file.
    public func findings() async throws(StoreError) -> [Finding] {
        let mode = try await access("cannot read the journal mode") { database in
            try database.value(of: Pragma.journalMode) ?? "unknown"
        }
        let odd = try await access("cannot look for odd rows") { database -> OddRows? in
            // Missing tables, and those of another version, are told elsewhere.
            guard let columns = try? database.columns(in: "tasks"), columns.contains(where: { $0.name == "lock_place" })
            else { return nil }
            let most: StatementArguments = ["limit": OddRows.most]
            return OddRows(
                farLeases: try database.rows(Statements.farLeases, most),
                farHolders: try database.rows(Statements.farHolders, most),
                greatIDs: try database.rows(Statements.greatIDs, most)
            )
        }
        let log = try? URL(fileURLWithPath: path + "-wal").resourceValues(forKeys: [.fileSizeKey]).fileSize
        return [
            .library(number: SQLiteLibrary.number, version: SQLiteLibrary.version),
            .journal(mode: mode, number: SQLiteLibrary.number),
        ] + Finding.readers(ofFile: path) + (mode == "wal" ? [.logFile(bytes: log ?? 0, path: path + "-wal")] : [])
            + (odd?.findings ?? [])
            + ((try? await requireSchema()) == nil ? [] : try await surroundings() + rowFindings())
    }

    /// How many of the waiting rows are tried.
    private static let mostTried = 1000

    /// Rows that the file does not let be changed, as claims show that are undone.
    private func rowFindings() async throws(StoreError) -> [Finding] {
        let (ids, stuck, count) = try await read("cannot look at the tasks") { database in
            let ids = try database.rows(Statements.firstWaiting, ["limit": Self.mostTried])
            let stuck = try database.rows(Statements.firstStuck)
            return (ids, stuck, try database.first(Statements.countStuck) ?? 0)
        }
        let refused = try await refused(among: ids, owner: "check", leaseEnd: SQLiteTime.text(Date()))
            .filter { !$0.isForNow }
        return [Finding.refused(refused, of: ids.count)] + [Finding.stuck(stuck, count: count)].compactMap(\.self)
    }
}

extension RefusedRow {
    static func reader(_ columns: Columns) -> (ResultRow) -> RefusedRow {
        let (id, error) = (columns["task_id"], columns["error"])
        return { row in RefusedRow(id: row.integer(id), name: nil, cause: row.text(error)) }
    }
}

extension Finding {
    /// Who may read what the tasks hold, and add some.
    fileprivate static func readers(ofFile path: String) -> [Finding] {
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        return readers(permissions: UInt32(status.st_mode) & 0o777, path: path)
    }

    static func readers(permissions: UInt32, path: String) -> [Finding] {
        guard permissions & 0o006 != 0 else { return [] }
        let isWritable = permissions & 0o002 != 0
        let found =
            "\(path) may be \(isWritable ? "written to" : "read") by everyone on this machine (mode \(String(permissions, radix: 8)))"
            + (isWritable ? ", who can thereby have handlers run" : "")
        return [Finding(.warning, "database file", found, advice: "Run: chmod o-rwx \(path)*")]
    }

    /// The log begins anew once all of it is in the file and nobody reads in it; a reader that stays lets it grow.
    ///
    /// SQLite moves it after 1,000 pages (4 MB), "Write-Ahead Logging", section 6, "Avoiding Excessively Large WAL Files".
    static func logFile(bytes: Int, path: String) -> Finding {
        let found = "\(bytes / 1_000_000) MB"
        guard bytes > 100_000_000 else { return Finding(.ok, "WAL file", found) }
        return Finding(
            .warning,
            "WAL file",
            "\(found): some program had a transaction open for long, and readers become slower",
            advice:
                "End what reads for long (fuser -v \(path)), then run: sqlite3 FILE 'PRAGMA wal_checkpoint(TRUNCATE)'"
        )
    }

    /// RETURNING came with SQLite 3.35, JSON is built in since 3.38.
    static func library(number: Int32, version: String) -> Finding {
        number >= 3_038_000
            ? Finding(.ok, "SQLite", version)
            : Finding(.error, "SQLite", "\(version) is too old", advice: "Install SQLite 3.38 or later.")
    }

    static func journal(mode: String, number: Int32) -> Finding {
        guard mode == "wal", !SQLiteLibrary.hasWALResetFix(number) else { return Finding(.ok, "journal mode", mode) }
        return Finding(
            .warning,
            "journal mode",
            "WAL on a library that can lose committed rows when two processes checkpoint at once",
            advice: "Use SQLite 3.51.3 (or 3.50.7, 3.44.6) or later, or run: sqlite3 FILE 'PRAGMA journal_mode=DELETE'"
        )
    }
}
