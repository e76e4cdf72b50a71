public import TaskRun

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension PostgreSQLStore {
    /// The most batches that one call of ``endBatches(now:)`` ends.
    private static let endLimit = 1000

    /// Makes tasks due whose batches have ended unnoticed: see ``TaskRun/TaskStore``.
    ///
    /// - Returns: How many tasks.
    /// - Throws: What the database reports.
    public func endBatches(now: Date?) async throws(StoreError) -> Int {
        try await reach(to: "end batches") { session throws(PostgreSQLFailure) in
            let look = Request(BatchSQL.ended, [String(Self.endLimit)])
            let answers = try session.exchange([look, Request(BatchSQL.anyDeserted)])
            if answers[1].rows[0].bool(0) {
                // In a transaction of its own, so that no row is held while others are waited for.
                let deserted = try session.exchange([.begin, Request(BatchSQL.deserted)])[1].rows.map { $0.text(0) }
                try session.exchange([Request(BatchSQL.forget, [SQLText.array(deserted)]), .commit])
            }
            let ended = answers[0].rows.map { $0.text(0) }
            guard !ended.isEmpty else { return 0 }
            try session.exchange([.begin, SessionSettings.patience])
            let count = try BatchEnds(batches: ended).note(now: now, in: session)
            try session.exchange([.commit])
            return count
        }
    }
}

/// Which tasks of which batches have ended, within a transaction.
struct BatchEnds: Sendable {
    private struct Counts {
        let batch: String
        var complete: Int64 = 0
        var cancelled: Int64 = 0
    }

    /// By the bytes of the names, as the table compares them; to Swift more texts are equal.
    private var counts: [[UInt8]: Counts] = [:]

    /// Batches that are to be looked at.
    init(batches: [String]) {
        for batch in batches { counts[Array(batch.utf8)] = Counts(batch: batch) }
    }

    /// What settlements have ended; also rows that were to go back may be gone, as they were cancelled or gave way.
    init(_ settlements: [Settlement], _ results: [SettleResult]) {
        for (settlement, result) in zip(settlements, results) where result != .leaseLost {
            guard let batch = settlement.batch else { continue }
            var count = counts[Array(batch.utf8)] ?? Counts(batch: batch)
            count.complete += settlement.verdict == .delete ? 1 : 0
            count.cancelled += settlement.verdict == .cancel ? 1 : 0
            counts[Array(batch.utf8)] = count
        }
    }

    /// Counts the ends, and makes the tasks due whose batches have ended with them.
    ///
    /// - Returns: How many tasks became due.
    @discardableResult
    func note(now: Date?, in session: PostgreSQLSession) throws(PostgreSQLFailure) -> Int {
        guard !counts.isEmpty else { return 0 }
        let counts = Array(counts.values)
        let names = SQLText.array(counts.map(\.batch))
        let values = [names, SQLText.array(counts.map(\.complete)), SQLText.array(counts.map(\.cancelled))]
        let waiting = try session.exchange([Request(BatchSQL.count, values), Request(BatchSQL.over, [names])])[1].rows
        guard !waiting.isEmpty else { return 0 }
        let over = SQLText.array(waiting.map { $0.text(2) })
        let failed = Dictionary(
            try session.exchange([Request(BatchSQL.failed, [over])])[0].rows.map { ($0.bytes(0), $0.integer(1)) },
            uniquingKeysWith: { first, _ in first }
        )
        let payloads = waiting.map { row in
            BatchNumbers(
                batch: row.text(2),
                complete: row.integer(3),
                failed: failed[row.bytes(2)] ?? 0,
                cancelled: row.integer(4)
            ).put(into: row.text(1))
        }
        try session.exchange([
            Request(
                BatchSQL.release,
                [SQLText.array(waiting.map { $0.integer(0) }), SQLText.array(payloads), SQLText.moment(now)]
            ),
            Request(BatchSQL.forget, [over]),
        ])
        return waiting.count
    }
}

extension SettlementBatch {
    /// Whether something is left to be done when it is known which rows were settled.
    var hasSequel: Bool { settlements.contains(where: \.hasSequel) }

    /// Adds what is to follow on tasks that are gone, and tells the batches of theirs.
    func conclude(_ results: [SettleResult], in session: PostgreSQLSession) throws(PostgreSQLFailure) {
        let tasks = zip(settlements, results).flatMap { $1 == .settled ? $0.additions : [] }
        do {
            let requests = TaskInsertion(tasks).steps.map(\.request)
            for (place, request) in requests.enumerated() {
                let opening = place == 0 ? [SessionSettings.haste] : []
                let closing = place == requests.count - 1 ? [SessionSettings.noHaste] : []
                try session.exchange(opening + [request] + closing)
            }
        } catch {
            if error.state == PostgreSQLFailure.lockTimeout {
                throw PostgreSQLFailure(.held, state: error.state, message: error.message)
            }
            guard error.isAboutStatement else { throw error }
            // A token that another task has: that is no row which is to give way, so its state is not told.
            let state = error.state == PostgreSQLFailure.uniqueViolation ? nil : error.state
            throw PostgreSQLFailure(.refused, state: state, message: error.message)
        }
        try BatchEnds(settlements, results).note(now: now, in: session)
    }
}
