/// What a database says about its schema: the input of ``MigrationPlan/decide(found:known:)``.
public struct SchemaState: Sendable, Equatable {
    /// One line of `task_migrations`.
    public struct Applied: Sendable, Equatable {
        /// The schema version.
        public let version: Int
        /// The checksum of the SQL that was run.
        public let checksum: String

        /// Creates a line from its parts.
        public init(version: Int, checksum: String) {
            self.version = version
            self.checksum = checksum
        }
    }

    /// The lines of `task_migrations`, by version; nil where that table does not exist.
    public let applied: [Applied]?
    /// Whether a table (or view) named `tasks` exists.
    public let hasTasksTable: Bool

    /// Creates a state from its parts.
    public init(applied: [Applied]?, hasTasksTable: Bool) {
        self.applied = applied
        self.hasTasksTable = hasTasksTable
    }
}

/// What there is to do to bring a database to the newest schema: decided purely, done by the store.
public enum MigrationPlan: Sendable, Equatable {
    /// The schema is the newest this program knows.
    case upToDate
    /// These are to be run, in this order. `from` is the version found, 0 for none.
    case apply([Migration], from: Int)
    /// Nothing may be touched.
    case refuse(Refusal)

    /// Why a database is left alone.
    public enum Refusal: Sendable, Equatable {
        /// A table named `tasks` exists that taskrun did not make.
        case foreignTable
        /// The database has a version that this program does not know.
        case newerDatabase(version: Int, known: Int)
        /// A migration that was run differs from the shipped one.
        case checksumDiffers(version: Int)
        /// `task_migrations` lacks a version below its newest, or `tasks` is gone.
        case incomplete(version: Int)
    }

    /// Compares what was found with what is known.
    public static func decide(found: SchemaState, known: [Migration]) -> MigrationPlan {
        guard let applied = found.applied, !applied.isEmpty else {
            return found.hasTasksTable ? .refuse(.foreignTable) : .apply(known, from: 0)
        }
        let newest = applied.map(\.version).max() ?? 0
        if newest > known.count { return .refuse(.newerDatabase(version: newest, known: known.count)) }
        for migration in known.prefix(newest) {
            guard let line = applied.first(where: { $0.version == migration.version }) else {
                return .refuse(.incomplete(version: migration.version))
            }
            if line.checksum != migration.checksum { return .refuse(.checksumDiffers(version: migration.version)) }
        }
        guard found.hasTasksTable else { return .refuse(.incomplete(version: newest)) }
        return newest == known.count ? .upToDate : .apply(Array(known.dropFirst(newest)), from: newest)
    }
}
