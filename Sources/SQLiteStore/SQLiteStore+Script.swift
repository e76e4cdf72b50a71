import Foundation
import GRDB
public import TaskRun
import Text

extension SQLiteStore {
    /// Runs an SQL script and deletes the task's row in one transaction, on a connection of its own.
    ///
    /// SQLite has one writer: while the script runs, other writers wait, and no lease can be renewed. It may therefore take
    /// no longer than its own lease lasts, less a tenth for the others to be renewed afterwards.
    public func perform(
        _ script: Script,
        settling settlement: Settlement,
        timeLimit: Duration
    ) async throws(StoreError) -> ScriptOutcome {
        let queue = try scripts()
        guard let lease = try await leaseLeft(of: settlement.proof) else { return .leaseLost }
        let limit = min(timeLimit, .seconds(lease * 0.9))
        let note = CancelNote(database: path, id: settlement.proof.id)
        defer { note.take() }
        do {
            return try await withThrowingTaskGroup(of: ScriptOutcome?.self) { group in
                group.addTask {
                    try await queue.writeWithoutTransaction {
                        try $0.run(script, settlement)
                    }
                }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return nil
                }
                group.addTask {
                    while !note.isThere { try await Task.sleep(for: .milliseconds(100)) }
                    return .cancelled
                }
                // Leaving cancels the others: the clock, or the script, which is interrupted and undone.
                defer { group.cancelAll() }
                return try await group.next().flatMap { $0 }
                    ?? .failed(error: Self.overdue(limit, timeLimit))
            }
        } catch is CancellationError {
            return .failed(error: "cancelled; undone")
        } catch {
            throw StoreError(sqlite: error, "cannot run an SQL file in \(location)")
        }
    }
}

extension SQLiteStore {
    /// Seconds until the lease of a claim ends; nil: the claim was taken over.
    private func leaseLeft(of proof: ClaimProof) async throws(StoreError) -> Double? {
        try await access("cannot read a lease") { database in
            try database.first(
                Statements.leaseLeft,
                ["id": proof.id, "claim_no": proof.number, "now": SQLiteTime.text(Date())]
            )
        }
    }

    private static func overdue(_ limit: Duration, _ timeLimit: Duration) -> String {
        let seconds = Int((limit / .seconds(1)).rounded())
        guard limit < timeLimit else { return "took longer than its time limit of \(seconds) s; undone" }
        return
            "took longer than \(seconds) s, as long as its lease lasts; undone. On SQLite nothing else can be written "
            + "meanwhile: split the work, or raise the setting lease."
    }
}

extension Database {
    /// The script's failure, thrown to undo the transaction.
    private struct Undone: Error { let outcome: ScriptOutcome }

    private static let skipped = "the task's row cannot be deleted, so the script is undone: \(StoreError.skipped)"

    fileprivate func run(_ script: Script, _ settlement: Settlement) throws -> ScriptOutcome {
        let proof = settlement.proof
        do {
            try inTransaction(.immediate) {
                let key = try first(Statements.keyOf, ["id": proof.id]).flatMap(\.self)
                try keep(settlement, now: Date())
                guard try run(Statements.delete, ["id": proof.id, "claim_no": proof.number]) == 1 else {
                    throw Undone(outcome: try isInHand(proof) ? .failed(error: Self.skipped) : .leaseLost)
                }
                do {
                    try execute(script)
                } catch let error as DatabaseError {
                    let code = error.resultCode
                    // Locks and full disks are the store's trouble, everything else is the script's.
                    if code == .SQLITE_BUSY || code == .SQLITE_FULL || code == .SQLITE_IOERR { throw error }
                    let words =
                        "\(BoundedText.fit(error.message ?? "SQLite error", bytes: 4 * 1024)) (SQLite \(code.rawValue))"
                    let isOfMachine = [.SQLITE_NOMEM, .SQLITE_CANTOPEN, .SQLITE_PROTOCOL, .SQLITE_LOCKED].contains(code)
                    throw Undone(outcome: isOfMachine ? .undone(why: words) : .failed(error: words))
                }
                if let key { try promote(key) }
                try endBatches([settlement], [.settled], now: Date())
                return .commit
            }
            return .done
        } catch let undone as Undone {
            return undone.outcome
        }
    }

    private func execute(_ script: Script) throws {
        let statements = try allStatements(sql: script.sql)
        while let statement = try statements.next() {
            let word = SQLText.firstWord(statement.sql)
            if SQLText.transactionWords.contains(word) {
                throw Undone(
                    outcome: .failed(error: "\(word) is not allowed in an SQL file: taskrun runs it in one transaction")
                )
            }
            try bind(script, to: statement)
            try statement.execute()
        }
    }

    /// SQLite itself finds the names: a quoted string or a comment has none.
    private func bind(_ script: Script, to statement: Statement) throws {
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
        // A number with a fraction is one to SQLite too; a whole one that is too large for it stays text, to the digit.
        case .number(let digits): digits.contains { ".eE".contains($0) } ? Double(digits) : digits
        case .text(let value): value
        }
    }
}
