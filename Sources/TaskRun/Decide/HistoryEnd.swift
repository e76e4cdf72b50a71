import Platform

extension Settlement {
    /// How the task ended if the row is settled, or nil if it goes on.
    package var historyStatus: HistoryStatus? {
        switch verdict {
        case .delete: .complete
        case .fail: .failed
        case .cancel: facts?.isSkipped == true ? .skipped : .cancelled
        case .retry, .release: nil
        }
    }

    /// The error of a failed attempt, or nil if the attempt did not fail.
    package var failure: String? {
        switch verdict {
        case .retry(_, let error), .fail(let error): LastError.fit(error)
        case .delete, .cancel, .release: nil
        }
    }
}

extension AttemptFacts {
    /// How long ago it began and how long it ran, in seconds, if it ends at a moment.
    package func seconds(_ end: ContinuousClock.Instant) -> (sinceBegin: Double, ran: Double) {
        let since = began.duration(to: end) / .seconds(1)
        return (since, ran.map { $0 / .seconds(1) } ?? since)
    }
}

/// A row of `tasks` that was removed, with what the history keeps of it.
package struct EndedRow: Sendable, Equatable {
    /// Column `id`.
    package let id: Int64
    /// Column `task_name`.
    package let name: String
    /// Column `queue`.
    package let queue: String
    /// Column `attempts`.
    package let attempts: Int
    /// Columns `token` and `batch`.
    package let token, batch: String?

    /// Reads a row of a statement that removes rows.
    package init(_ row: some StoreRow) {
        (id, name, queue) = (row.integer("id"), row.text("task_name"), row.text("queue"))
        (attempts, token, batch) = (row.count("attempts"), row.textIfAny("token"), row.textIfAny("batch"))
    }
}
