/// What came of batches whose ends were looked for.
public struct EndedBatches: Sendable, Equatable {
    /// How many tasks became due.
    public var due: Int
    /// The tasks that should have, and did not.
    public var refusals: [BatchRefusal]
    /// Whether a task was passed over as another transaction has its row locked: look again.
    public var isPartial: Bool
    /// The last batch that was looked at, where there may be more; nil: these were all.
    public var last: String?

    /// Creates one from its parts.
    public init(due: Int = 0, refusals: [BatchRefusal] = [], isPartial: Bool = false, last: String? = nil) {
        (self.due, self.refusals, self.isPartial, self.last) = (due, refusals, isPartial, last)
    }
}

/// A task that waits for a batch which has ended, and that the table does not let become due: a trigger of the application, most
/// likely.
public struct BatchRefusal: Sendable, Equatable {
    /// The task's `id`.
    public let id: Int64
    /// What it waits for.
    public let batch: String
    /// Why, in the database's words.
    public let cause: String

    /// Creates one from its parts.
    ///
    /// - Parameters:
    ///   - id: The task's `id`.
    ///   - batch: What it waits for.
    ///   - cause: Why; nil: its row was left as it was, and nothing said why.
    public init(id: Int64, batch: String, cause: String?) {
        (self.id, self.batch) = (id, batch)
        self.cause = cause ?? "its row was left as it was, as a trigger can do it"
    }

    /// What a person is told.
    func error(in location: String) -> StoreError {
        StoreError(
            .refused,
            subject:
                "cannot make task \(id) due in \(location), although batch \"\(batch)\", for which it waits, has ended",
            cause: cause,
            advice:
                "It goes on waiting, and the next run tries again: let the trigger allow that after_batch becomes NULL.",
            task: id
        )
    }
}
