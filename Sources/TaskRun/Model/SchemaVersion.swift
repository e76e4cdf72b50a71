/// One version of the schema.
public struct SchemaVersion: Sendable, Equatable {
    /// The version, from 1.
    public let version: Int
    /// What it changes, in words joined by underscores.
    public let name: String
    /// Whether the database has it.
    public let isApplied: Bool

    /// Creates a version from its parts.
    public init(version: Int, name: String, isApplied: Bool) {
        self.version = version
        self.name = name
        self.isApplied = isApplied
    }
}
