/// The result of a search for batches that have ended.
public struct EndedBatches: Sendable, Equatable {
    /// How many tasks became due.
    public var due: Int
    /// The tasks that should have become due, and did not.
    public var refusals: [BatchRefusal]
    /// Whether a task was passed over because another transaction has locked its row: search again.
    public var isPartial: Bool
    /// The last batch that was looked at, if there may be more, or nil if these were all.
    public var last: String?

    /// Creates one from its parts.
    public init(due: Int = 0, refusals: [BatchRefusal] = [], isPartial: Bool = false, last: String? = nil) {
        (self.due, self.refusals, self.isPartial, self.last) = (due, refusals, isPartial, last)
    }
}

/// A task whose batch has ended, and which the table does not allow to become due.
///
/// Most likely a trigger of the application refuses it.
public struct BatchRefusal: Sendable, Equatable {
    /// The task's `id`.
    public let id: Int64
    /// The batch that it waits for.
    public let batch: String
    /// Why, in the database's words.
    public let cause: String

    /// Creates one from its parts.
    ///
    /// - Parameters:
    ///   - id: The task's `id`.
    ///   - batch: The batch that it waits for.
    ///   - cause: Why, or nil if its row was left as it was without a reason.
    public init(id: Int64, batch: String, cause: String?) {
        (self.id, self.batch) = (id, batch)
        self.cause = cause ?? "its row was not changed, perhaps because of a trigger"
    }

    /// The error that is reported to a person.
    func error(in location: String) -> StoreError {
        StoreError(
            .refused,
            subject:
                "cannot make task \(id) due in \(location), although batch \"\(batch)\", for which it waits, has ended",
            cause: cause,
            advice:
                "It keeps waiting, and the next run tries again. Let the trigger allow after_batch to become NULL.",
            task: id
        )
    }
}
