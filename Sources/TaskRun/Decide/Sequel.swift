import Text

/// What follows from the ends of tasks, in the same transaction.
package struct Sequel: Sendable {
    /// The tasks to add.
    package let followUps: [NewTask]
    /// The batches in which tasks have ended.
    package let batches: BatchCounts

    /// Decides what follows from settlements, and from equal tasks with these batches that were removed for them.
    package init(_ settlements: [Settlement], _ results: [SettleResult], removed: [String] = []) {
        followUps = zip(settlements, results).flatMap { $1 == .settled ? $0.additions : [] }
        batches = BatchCounts(settlements, results, removed)
    }
}

/// How many tasks of which batches have ended in one transaction.
///
/// Whether a batch has ended is decided in the database, after the rows were changed: it has no task that is WAITING or
/// PROCESSING.
package struct BatchCounts: Sendable {
    /// The ends in one batch.
    package struct Count: Sendable, Equatable {
        /// The batch.
        package let batch: String
        /// How many of its tasks are done, and how many were cancelled.
        ///
        /// Tasks that gave way, and those that are removed because of a request to cancel them when they become
        /// WAITING, are not among them.
        package fileprivate(set) var complete, cancelled: Int64

        /// Whether it counts anything; if not, tasks of the batch were changed, and it may have ended all the same.
        package var isAny: Bool { complete + cancelled > 0 }
    }

    /// One for each batch, in the order in which the batches were met.
    package private(set) var counts: [Count] = []

    /// Creates one for batches that may have ended.
    package init(batches: [String]) { self.init([], [], batches) }

    /// Counts the ends in the batches of settlements; other batches may have ended as well.
    package init(_ settlements: [Settlement], _ results: [SettleResult], _ others: [String] = []) {
        // By the bytes of the names, as the table compares them: to Swift more texts are equal.
        var places: [ByteText: Int] = [:]
        func add(_ batch: String, _ verdict: Verdict?) {
            let place = places[ByteText(batch)] ?? counts.count
            if place == counts.count {
                places[ByteText(batch)] = place
                counts.append(Count(batch: batch, complete: 0, cancelled: 0))
            }
            counts[place].complete += verdict == .delete ? 1 : 0
            counts[place].cancelled += verdict == .cancel ? 1 : 0
        }
        for (settlement, result) in zip(settlements, results) where result.isWritten {
            if let batch = settlement.batch { add(batch, settlement.verdict) }
        }
        for batch in others { add(batch, nil) }
    }
}

/// A task that has waited for a batch, which has ended.
package struct BatchFollower: Sendable {
    /// The task's `id`.
    package let id: Int64
    /// The batch.
    package let batch: String
    private let data: String
    private let complete, cancelled: Int64

    /// Creates one from its row and the counts of the batch.
    package init(id: Int64, batch: String, data: String, complete: Int64, cancelled: Int64) {
        (self.id, self.batch, self.data) = (id, batch, data)
        (self.complete, self.cancelled) = (complete, cancelled)
    }

    /// Reads such a row.
    package init(_ row: some StoreRow) {
        (id, batch, data) = (row.integer("id"), row.text("batch"), row.text("data"))
        (complete, cancelled) = (row.natural("complete"), row.natural("cancelled"))
    }

    /// Its new payload, with the numbers of the batch, of which this many tasks are FAILED.
    package func data(failed: Int64) -> String {
        BatchNumbers(batch: batch, complete: complete, failed: failed, cancelled: cancelled).put(into: data)
    }
}

extension EndedBatches {
    /// The most batches that one call ends.
    package static let most = 1000

    /// The last of the batches that were found after another one, if there may be more, or nil if these were all.
    package static func last(of found: [String], after batch: String?) -> String? {
        // SQLite reads a name that is not valid UTF-8 as another one. The next call must never begin before this one.
        guard found.count == most, let last = found.last, ByteText(batch ?? "") < ByteText(last) else { return nil }
        return last
    }
}

extension SettleResult {
    /// Whether the row was changed or removed.
    package var isWritten: Bool { self != .leaseLost && self != .untouched }

    /// Whether a row that was to be released no longer carries its claim, and was not removed for an equal one.
    package var isReleased: Bool { self == .settled || self == .cancelled }
}

/// The numbers of the rows that the statements of settlements changed.
package struct SettledRows: Sendable {
    private let written, gaveWay, cancelled: Set<Int64>

    /// Notes which rows were changed.
    ///
    /// - Parameters:
    ///   - written: The rows that were deleted or became WAITING or FAILED.
    ///   - gaveWay: The claimed rows that were removed because an equal task waits.
    ///   - cancelled: Of those that became WAITING, the rows that were removed because of a request to cancel them.
    package init(written: [Int64], gaveWay: [Int64] = [], cancelled: [Int64] = []) {
        (self.written, self.gaveWay, self.cancelled) = (Set(written), Set(gaveWay), Set(cancelled))
    }

    /// The results of settlements; of a row that was not changed it is not known yet whether its claim still holds.
    package func results(of settlements: [Settlement]) -> [SettleResult] {
        settlements.map { settlement in
            let id = settlement.proof.id
            guard written.contains(id) else { return gaveWay.contains(id) ? .gaveWay : .leaseLost }
            return cancelled.contains(id) ? .cancelled : .settled
        }
    }
}
