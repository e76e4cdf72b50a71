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
    /// The statements, as they stand in the file.
    public let sql: String

    /// Creates a migration from its parts.
    public init(version: Int, name: String, sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
    }

    /// The 64-bit FNV-1a hash of the SQL, as 16 hex digits.
    ///
    /// It tells an edited migration from the shipped one; it is no protection against somebody who forges one.
    /// Source: RFC 9923, "The FNV Non-Cryptographic Hash Algorithm".
    public var checksum: String {
        let hash = sql.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Migration {
    /// All migrations of a dialect, oldest first.
    ///
    /// A new one is one more entry here and one more file per dialect.
    public static func all(for dialect: Dialect) -> [Migration] {
        switch dialect {
        case .sqlite:
            [
                Migration(version: 1, name: "create_tasks", file: PackageResources.V001__create_tasks_sqlite_sql),
                Migration(
                    version: 2,
                    name: "clean_up_at_once",
                    file: PackageResources.V002__clean_up_at_once_sqlite_sql
                ),
                Migration(version: 3, name: "pause_queues", file: PackageResources.V003__pause_queues_sqlite_sql),
                Migration(
                    version: 4,
                    name: "limit_queues_and_names",
                    file: PackageResources.V004__limit_queues_and_names_sqlite_sql
                ),
                Migration(
                    version: 5,
                    name: "keys_and_expiry",
                    file: PackageResources.V005__keys_and_expiry_sqlite_sql
                ),
                Migration(
                    version: 6,
                    name: "tokens_results_progress_cancel",
                    file: PackageResources.V006__tokens_results_progress_cancel_sqlite_sql
                ),
                Migration(version: 7, name: "batches", file: PackageResources.V007__batches_sqlite_sql),
                Migration(version: 8, name: "hold", file: PackageResources.V008__hold_sqlite_sql),
                Migration(version: 9, name: "trust", file: PackageResources.V009__trust_sqlite_sql),
            ]
        case .postgresql:
            [
                Migration(version: 1, name: "create_tasks", file: PackageResources.V001__create_tasks_postgresql_sql),
                Migration(
                    version: 2,
                    name: "clean_up_at_once",
                    file: PackageResources.V002__clean_up_at_once_postgresql_sql
                ),
                Migration(version: 3, name: "pause_queues", file: PackageResources.V003__pause_queues_postgresql_sql),
                Migration(
                    version: 4,
                    name: "limit_queues_and_names",
                    file: PackageResources.V004__limit_queues_and_names_postgresql_sql
                ),
                Migration(
                    version: 5,
                    name: "keys_and_expiry",
                    file: PackageResources.V005__keys_and_expiry_postgresql_sql
                ),
                Migration(
                    version: 6,
                    name: "tokens_results_progress_cancel",
                    file: PackageResources.V006__tokens_results_progress_cancel_postgresql_sql
                ),
                Migration(version: 7, name: "batches", file: PackageResources.V007__batches_postgresql_sql),
                Migration(version: 8, name: "hold", file: PackageResources.V008__hold_postgresql_sql),
                Migration(version: 9, name: "trust", file: PackageResources.V009__trust_postgresql_sql),
            ]
        }
    }

    /// The newest version of each dialect that this program knows; they go together.
    public static let newest = all(for: .sqlite).count

    private init(version: Int, name: String, file: [UInt8]) {
        self.init(version: version, name: name, sql: String(decoding: file, as: UTF8.self))
    }
}
