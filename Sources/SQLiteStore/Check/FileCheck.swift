import Foundation
import GRDB
import Migrations
import TaskRun

/// Checks a file for `taskrun check`.
struct FileCheck: Sendable {
    /// How many of the waiting rows are tried.
    private static let mostTried = 1000

    let store: SQLiteStore

    func findings() async throws(StoreError) -> [Finding] {
        let mode = try await store.access("cannot read the journal mode") { database in
            try database.value(of: Pragma.journalMode) ?? "unknown"
        }
        let odd = try await store.access("cannot look for odd rows") { try oddRows(in: $0) }
        let log = store.path + "-wal"
        let size = try? URL(fileURLWithPath: log).resourceValues(forKeys: [.fileSizeKey]).fileSize
        return [
            .library(number: SQLiteLibrary.number, version: SQLiteLibrary.version),
            .journal(mode: mode, number: SQLiteLibrary.number),
        ] + Finding.readers(ofFile: store.path) + (mode == "wal" ? [.logFile(bytes: size ?? 0, path: log)] : [])
            + (odd?.findings ?? [])
            + ((try? await store.requireSchema()) == nil ? [] : try await tables())
    }

    /// Looks at the tables, and at their rows.
    ///
    /// The rows cannot be looked at if an index is missing. That is what the first look says.
    private func tables() async throws(StoreError) -> [Finding] {
        let findings = try await makeup()
        do throws(StoreError) {
            return try await findings + refusedRows()
        } catch {
            guard findings.contains(where: { $0.level == .error }) else { throw error }
            return findings
        }
    }

    /// Looks for odd rows, or returns nil if the tables are missing or have another version, which another finding
    /// reports.
    private func oddRows(in database: Database) throws -> OddRows? {
        guard let columns = try? database.columns(in: "tasks"), columns.contains(where: { $0.name == "lock_place" })
        else { return nil }
        let most: StatementArguments = ["limit": OddRows.most]
        return OddRows(
            farLeases: try database.rows(Statements.farLeases, most),
            farHolders: try database.rows(Statements.farHolders, most),
            greatIDs: try database.rows(Statements.greatIDs, most)
        )
    }

    /// Compares the tables with those that the migrations create, and looks for foreign keys and triggers of other
    /// programs.
    private func makeup() async throws(StoreError) -> [Finding] {
        let made: Makeup
        do {
            let memory = try DatabaseQueue()
            made = try await memory.writeWithoutTransaction { database in
                for step in Migration.all(for: .sqlite) { try database.execute(sql: step.sql) }
                return try Makeup(database)
            }
        } catch {
            throw StoreError(sqlite: error, "cannot make tables for comparison")
        }
        let (own, keepers) = try await store.read("cannot look at the tables") { database in
            (try Makeup(database), try database.rows(Statements.keepers))
        }
        let (found, sql) = own.drift(from: made)
        let slow = keepers.filter { !$0.isKeeping && $0.index != nil }
        let findings: [Finding?] = [
            .drift(
                found,
                sql: sql,
                how: "Stop the runs, copy \(store.path), and run with sqlite3 (taskrun check --sql prints only this):"
            ),
            .triggers(own.foreign(to: made)),
            .keepingKeys(keepers.filter(\.isKeeping).map(\.text), sql: []),
            .slowKeys(slow.map(\.text), sql: slow.compactMap(\.index)),
        ]
        return findings.compactMap(\.self)
    }

    /// Looks for rows that the file refuses to let be changed, by claims that are undone.
    private func refusedRows() async throws(StoreError) -> [Finding] {
        let (ids, stuck, count) = try await store.read("cannot look at the tasks") { database in
            let ids = try database.rows(Statements.firstWaiting, ["limit": Self.mostTried])
            let stuck = try database.rows(Statements.firstStuck)
            return (ids, stuck, try database.first(Statements.countStuck) ?? 0)
        }
        let now = SQLiteTime.text(Date())
        let refused = try await RefusedRows(store: store).claim(ids, owner: "check", leaseEnd: now)
        let lasting = Finding.refused(refused.filter { !$0.isForNow }, of: ids.count)
        return [lasting, Finding.stuck(stuck, count: count)].compactMap(\.self)
    }
}

extension RefusedRow {
    init(_ row: ResultRow) { self.init(id: row.integer("task_id"), name: nil, cause: row.text("error")) }
}

extension Finding {
    /// Whether everyone on this machine may read or add tasks.
    fileprivate static func readers(ofFile path: String) -> [Finding] {
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        return readers(permissions: UInt32(status.st_mode) & 0o777, path: path)
    }

    static func readers(permissions: UInt32, path: String) -> [Finding] {
        guard permissions & 0o006 != 0 else { return [] }
        let isWritable = permissions & 0o002 != 0
        let found =
            "\(path) may be \(isWritable ? "written to" : "read") by everyone on this machine "
            + "(mode \(String(permissions, radix: 8)))"
            + (isWritable ? ", so everyone can make taskrun run handlers" : "")
        return [Finding(.warning, "database file", found, advice: "Run: chmod o-rwx \(path)*")]
    }

    /// SQLite moves the log into the file after 1,000 pages (4 MB) and starts it anew, unless a reader still uses it.
    ///
    /// "Write-Ahead Logging", section 6, "Avoiding Excessively Large WAL Files".
    static func logFile(bytes: Int, path: String) -> Finding {
        let found = "\(bytes / 1_000_000) MB"
        guard bytes > 100_000_000 else { return Finding(.ok, "WAL file", found) }
        return Finding(
            .warning,
            "WAL file",
            "\(found): a program has had a transaction open for a long time, and reading becomes slower",
            advice:
                "End what reads the file (fuser -v \(path)); then run: sqlite3 FILE 'PRAGMA wal_checkpoint(TRUNCATE)'"
        )
    }

    /// Whether the library is new enough: RETURNING exists since SQLite 3.35, and JSON is built in since 3.38.
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
