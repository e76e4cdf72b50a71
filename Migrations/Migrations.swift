import Text

/// The SQL dialects that taskrun's tables exist in.
public enum Dialect: String, Sendable, CaseIterable {
    /// SQLite 3.37 and later.
    case sqlite
    /// PostgreSQL 13 and later.
    case postgresql
}

/// One step of the schema: the SQL that leads from version n − 1 to version n in one dialect.
///
/// A shipped migration is never edited: its checksum is kept in `task_migrations` and compared at every upgrade.
public struct Migration: Sendable, Equatable {
    /// The schema version this step leads to, from 1, without gaps.
    public let version: Int
    /// What the step does, in words joined by underscores, as in the file name.
    public let name: String
    /// The 64-bit FNV-1a hash of the statements, as 16 hex digits.
    ///
    /// It tells an edited migration from the shipped one; it is no protection against somebody who forges one.
    public let checksum: String
    private let file: [UInt8]

    /// The statements, as they stand in the file.
    public var sql: String { String(decoding: file, as: UTF8.self) }

    /// Creates a migration from its parts.
    public init(version: Int, name: String, sql: String) {
        let file = Array(sql.utf8)
        self.init(version: version, name: name, checksum: Self.checksum(of: file), file: file)
    }

    private init(version: Int, name: String, checksum: String, file: [UInt8]) {
        (self.version, self.name, self.checksum, self.file) = (version, name, checksum, file)
    }

    private static func checksum(of file: [UInt8]) -> String {
        let digits = String(FNV1a.hash(file), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Migration {
    /// All migrations of a dialect, oldest first.
    ///
    /// A new one is one more entry here and one more file per dialect. The checksums are written down, as each run compares them.
    public static func all(for dialect: Dialect) -> [Migration] {
        switch dialect {
        case .sqlite:
            [
                Migration(
                    version: 1,
                    name: "create_tasks",
                    checksum: "b9b6cceffd2f92b4",
                    file: PackageResources.V001__create_tasks_sqlite_sql
                ),
                Migration(
                    version: 2,
                    name: "clean_up_at_once",
                    checksum: "5b6b887dd7509d2b",
                    file: PackageResources.V002__clean_up_at_once_sqlite_sql
                ),
                Migration(
                    version: 3,
                    name: "pause_queues",
                    checksum: "f4fb7f85191d4ffd",
                    file: PackageResources.V003__pause_queues_sqlite_sql
                ),
                Migration(
                    version: 4,
                    name: "limit_queues_and_names",
                    checksum: "c81bcbdefbfba63f",
                    file: PackageResources.V004__limit_queues_and_names_sqlite_sql
                ),
                Migration(
                    version: 5,
                    name: "keys_and_expiry",
                    checksum: "acfaa43bde849081",
                    file: PackageResources.V005__keys_and_expiry_sqlite_sql
                ),
                Migration(
                    version: 6,
                    name: "tokens_results_progress_cancel",
                    checksum: "cb4abd7929e5ce6a",
                    file: PackageResources.V006__tokens_results_progress_cancel_sqlite_sql
                ),
                Migration(
                    version: 7,
                    name: "batches",
                    checksum: "a2cc9c8394bcadf1",
                    file: PackageResources.V007__batches_sqlite_sql
                ),
                Migration(
                    version: 8,
                    name: "hold",
                    checksum: "4e91ba4c2e40860b",
                    file: PackageResources.V008__hold_sqlite_sql
                ),
                Migration(
                    version: 9,
                    name: "trust",
                    checksum: "e04cde06b046480f",
                    file: PackageResources.V009__trust_sqlite_sql
                ),
                Migration(
                    version: 10,
                    name: "runs",
                    checksum: "acc77a6864e1eb43",
                    file: PackageResources.V010__runs_sqlite_sql
                ),
                Migration(
                    version: 11,
                    name: "failed_at",
                    checksum: "8436fde268e4c2b4",
                    file: PackageResources.V011__failed_at_sqlite_sql
                ),
                Migration(
                    version: 12,
                    name: "name_rows",
                    checksum: "f0dbf7eb04669f9b",
                    file: PackageResources.V012__name_rows_sqlite_sql
                ),
                Migration(
                    version: 13,
                    name: "history",
                    checksum: "2105eab3cc061b5a",
                    file: PackageResources.V013__history_sqlite_sql
                ),
                Migration(
                    version: 14,
                    name: "stats",
                    checksum: "9a7f5594c227815e",
                    file: PackageResources.V014__stats_sqlite_sql
                ),
            ]
        case .postgresql:
            [
                Migration(
                    version: 1,
                    name: "create_tasks",
                    checksum: "c4e77b39eee3957e",
                    file: PackageResources.V001__create_tasks_postgresql_sql
                ),
                Migration(
                    version: 2,
                    name: "clean_up_at_once",
                    checksum: "2c2209438b66346b",
                    file: PackageResources.V002__clean_up_at_once_postgresql_sql
                ),
                Migration(
                    version: 3,
                    name: "pause_queues",
                    checksum: "9c6823a6d04a3401",
                    file: PackageResources.V003__pause_queues_postgresql_sql
                ),
                Migration(
                    version: 4,
                    name: "limit_queues_and_names",
                    checksum: "a2a11ed7d94eb3df",
                    file: PackageResources.V004__limit_queues_and_names_postgresql_sql
                ),
                Migration(
                    version: 5,
                    name: "keys_and_expiry",
                    checksum: "4d78b5ae0fe45c57",
                    file: PackageResources.V005__keys_and_expiry_postgresql_sql
                ),
                Migration(
                    version: 6,
                    name: "tokens_results_progress_cancel",
                    checksum: "53fe2b6c49d75114",
                    file: PackageResources.V006__tokens_results_progress_cancel_postgresql_sql
                ),
                Migration(
                    version: 7,
                    name: "batches",
                    checksum: "6d8a03d171e99286",
                    file: PackageResources.V007__batches_postgresql_sql
                ),
                Migration(
                    version: 8,
                    name: "hold",
                    checksum: "5f7ad1f7575669d5",
                    file: PackageResources.V008__hold_postgresql_sql
                ),
                Migration(
                    version: 9,
                    name: "trust",
                    checksum: "accb5bcb162b9367",
                    file: PackageResources.V009__trust_postgresql_sql
                ),
                Migration(
                    version: 10,
                    name: "runs",
                    checksum: "a4a8662d9e426f94",
                    file: PackageResources.V010__runs_postgresql_sql
                ),
                Migration(
                    version: 11,
                    name: "failed_at",
                    checksum: "9cad23deca32dc8b",
                    file: PackageResources.V011__failed_at_postgresql_sql
                ),
                Migration(
                    version: 12,
                    name: "name_rows",
                    checksum: "fb491d1decfb6749",
                    file: PackageResources.V012__name_rows_postgresql_sql
                ),
                Migration(
                    version: 13,
                    name: "history",
                    checksum: "bb4c61eb40a738f8",
                    file: PackageResources.V013__history_postgresql_sql
                ),
                Migration(
                    version: 14,
                    name: "stats",
                    checksum: "0119715b41e8e6d6",
                    file: PackageResources.V014__stats_postgresql_sql
                ),
            ]
        }
    }

    /// The version that names rows: its statements may be run again.
    public static let names = 12

    /// The newest version of each dialect that this program knows; they go together.
    public static let newest = all(for: .sqlite).count
}
