/// A row that the database does not let be changed, and why.
public struct RefusedRow: Sendable, Equatable {
    /// The task's `id`.
    public let id: Int64
    /// The task name, or nil if unknown.
    public let name: String?
    /// Why, in the database's words.
    public let cause: String
    /// Whether it is refused only because of other rows, for example by a unique index of the application.
    public let isForNow: Bool

    /// Creates one from its parts.
    public init(id: Int64, name: String?, cause: String, isForNow: Bool = false) {
        (self.id, self.name, self.cause, self.isForNow) = (id, name, cause, isForNow)
    }
}
