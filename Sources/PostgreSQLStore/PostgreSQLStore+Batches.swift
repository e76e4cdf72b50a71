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
            let ended = try session.exchange([look])[0].rows.map { $0.text(0) }
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
        var complete: Int64 = 0
        var cancelled: Int64 = 0
    }

    private var counts: [String: Counts] = [:]

    /// Batches that are to be looked at.
    init(batches: [String]) {
        for batch in batches { counts[batch] = Counts() }
    }

    /// What settlements have ended.
    init(_ settlements: [Settlement], _ results: [SettleResult]) {
        for (settlement, result) in zip(settlements, results) where result == .settled {
            guard let batch = settlement.endedBatch else { continue }
            counts[batch, default: Counts()].complete += settlement.verdict == .delete ? 1 : 0
            counts[batch, default: Counts()].cancelled += settlement.verdict == .cancel ? 1 : 0
        }
    }

    /// Counts the ends, and makes the tasks due whose batches have ended with them.
    ///
    /// - Returns: How many tasks became due.
    @discardableResult
    func note(now: Date?, in session: PostgreSQLSession) throws(PostgreSQLFailure) -> Int {
        guard !counts.isEmpty else { return 0 }
        let batches = counts.keys.sorted()
        let names = SQLText.array(batches)
        let values = [
            names, SQLText.array(batches.map { counts[$0]?.complete ?? 0 }),
            SQLText.array(batches.map { counts[$0]?.cancelled ?? 0 }),
        ]
        let waiting = try session.exchange([Request(BatchSQL.count, values), Request(BatchSQL.over, [names])])[1].rows
        guard !waiting.isEmpty else { return 0 }
        let over = SQLText.array(Set(waiting.map { $0.text(2) }).sorted())
        let failed = Dictionary(
            try session.exchange([Request(BatchSQL.failed, [over])])[0].rows.map { ($0.text(0), $0.integer(1)) },
            uniquingKeysWith: { first, _ in first }
        )
        let payloads = waiting.map { row in
            BatchNumbers(
                batch: row.text(2),
                complete: row.integer(3),
                failed: failed[row.text(2)] ?? 0,
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
            for part in TaskInsertion(tasks).steps { try session.exchange([part.request]) }
        } catch {
            // A token that another task has: that is no row which is to give way.
            guard error.state == PostgreSQLFailure.uniqueViolation else { throw error }
            throw PostgreSQLFailure(.refused, message: error.message)
        }
        try BatchEnds(settlements, results).note(now: now, in: session)
    }
}
