import Foundation
import GRDB
import TaskRun
import Text

/// Runs an SQL file and deletes the task's row in one transaction, on a connection of its own.
///
/// SQLite has one writer: while the script runs, other writers wait, and no lease can be renewed. The script may
/// therefore take no longer than 0.9 of its own lease, so that the other leases can be renewed afterwards.
struct ScriptRun: Sendable {
    /// The script's outcome, thrown to undo the transaction.
    private struct Undone: Error { let outcome: ScriptOutcome }

    private static let skipped = "the task's row cannot be deleted, so the script is undone: \(StoreError.skipped)"

    let script: Script
    let settlement: Settlement
    /// A request to cancel the task while the script runs.
    let note: CancelNote
    let keeper: HistoryKeeper
    /// The file, for messages.
    let location: String

    /// Runs the script within its time limit and its lease, which lasts so many seconds.
    func perform(on queue: DatabaseQueue, timeLimit: Duration, lease: Double) async throws -> ScriptOutcome {
        let limit = min(timeLimit, .seconds(lease * 0.9))
        defer { note.remove() }
        do {
            return try await withThrowingTaskGroup(of: ScriptOutcome?.self) { group in
                group.addTask {
                    try await queue.writeWithoutTransaction { try run(in: $0) }
                }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return nil
                }
                group.addTask {
                    while !note.isThere { try await Task.sleep(for: .milliseconds(100)) }
                    return .cancelled
                }
                // The first to end cancels the others. A cancelled script is interrupted and undone.
                defer { group.cancelAll() }
                return try await group.next().flatMap { $0 } ?? .failed(error: Self.overdue(limit, timeLimit))
            }
        } catch is CancellationError {
            return .failed(error: "cancelled; undone")
        }
    }

    private static func overdue(_ limit: Duration, _ timeLimit: Duration) -> String {
        let seconds = Int((limit / .seconds(1)).rounded())
        guard limit < timeLimit else { return "took longer than its time limit of \(seconds) s; undone" }
        return
            "took longer than its lease of \(seconds) s; undone. On SQLite nothing else can be written while it runs: "
            + "split the work, or raise the setting lease."
    }

    private func run(in database: Database) throws -> ScriptOutcome {
        let proof = settlement.proof
        do {
            try database.inTransaction(.immediate) {
                let key = try database.first(Statements.keyOf, ["id": proof.id]).flatMap(\.self)
                try Results(database: database).keep(settlement, now: Date())
                guard try database.run(Statements.delete, ["id": proof.id, "claim_no": proof.number]) == 1 else {
                    let holds = try Settlements(database: database, keeper: keeper).holds(proof)
                    throw Undone(outcome: holds ? .failed(error: Self.skipped) : .leaseLost)
                }
                do {
                    try execute(in: database)
                } catch let error as DatabaseError {
                    let code = error.resultCode
                    // Locks and full disks are the store's trouble, all other errors are the script's.
                    if code == .SQLITE_BUSY || code == .SQLITE_FULL || code == .SQLITE_IOERR { throw error }
                    let words =
                        "\(BoundedText.fit(error.message ?? "SQLite error", bytes: 4 * 1024)) (SQLite \(code.rawValue))"
                    let isOfMachine = [.SQLITE_NOMEM, .SQLITE_CANTOPEN, .SQLITE_PROTOCOL, .SQLITE_LOCKED].contains(code)
                    throw Undone(outcome: isOfMachine ? .undone(why: words) : .failed(error: words))
                }
                noteEnd(in: database)
                if let key { try LockLines(database: database).promote(key) }
                try Batches(database: database).end(BatchCounts([settlement], [.settled]), now: Date())
                return .commit
            }
            return .done
        } catch let undone as Undone {
            return undone.outcome
        }
    }

    /// Notes how the task ended; the script's work stands even if that is refused.
    private func noteEnd(in database: Database) {
        do {
            try database.inSavepoint {
                try History(database: database, keeper: keeper).note([settlement], [.settled], now: Date())
                return .commit
            }
        } catch {
            keeper.blame(HistoryKeeper.error(StoreError(sqlite: error, "", isAboutRows: true), in: location))
        }
    }

    private func execute(in database: Database) throws {
        let statements = try database.allStatements(sql: script.sql)
        while let statement = try statements.next() {
            let word = SQLText.firstWord(statement.sql)
            if SQLText.transactionWords.contains(word) {
                throw Undone(
                    outcome: .failed(error: "\(word) is not allowed in an SQL file: taskrun runs it in one transaction")
                )
            }
            try bind(to: statement)
            try statement.execute()
        }
    }

    /// SQLite itself finds the names, so those in a quoted string or a comment do not count.
    private func bind(to statement: Statement) throws {
        var values: [String: (any DatabaseValueConvertible)?] = [:]
        for name in SQLText.parameters(of: statement) {
            guard let value = script.value(named: name) else { throw Undone(outcome: .missingValue(name: name)) }
            values[name] = value.databaseValue
        }
        try statement.setArguments(StatementArguments(values))
    }
}

extension Script.Value {
    fileprivate var databaseValue: (any DatabaseValueConvertible)? {
        switch self {
        case .null: nil
        case .bool(let value): value
        case .integer(let value): value
        // A number with a fraction is a number to SQLite too. A whole number too large for SQLite stays text, with all
        // its digits.
        case .number(let digits): digits.contains { ".eE".contains($0) } ? Double(digits) : digits
        case .text(let value): value
        }
    }
}
