import Platform
import Synchronization
import TaskRun

/// Runs SQL files, each on a connection of its own, which is opened when first needed and kept.
///
/// A class: it owns these connections.
final class Scripts: Sendable {
    private let address: PostgreSQLAddress
    private let keeper: HistoryKeeper
    /// The connections that are not in use, or nil once the store is closed.
    private let idle = Mutex<[PostgreSQLConnection]?>([])

    init(address: PostgreSQLAddress, keeper: HistoryKeeper = .off) { (self.address, self.keeper) = (address, keeper) }

    /// Runs an SQL script and deletes the task's row in one transaction.
    ///
    /// BEGIN, COMMIT and the like are refused in a script: they would break that promise.
    ///
    /// - Returns: The script's outcome.
    /// - Throws: That the connection broke: the run still holds the task then.
    func perform(
        _ script: Script,
        settling settlement: Settlement,
        timeLimit: Duration
    ) async throws(PostgreSQLFailure) -> ScriptOutcome {
        let bound: BoundScript
        do {
            bound = try BoundScript(script)
        } catch {
            return error.outcome
        }
        let connection = try connection()
        let run = ScriptRun(settlement: settlement, timeLimit: timeLimit, interrupt: try WakeUp.opened())
        let outcome = try await perform(bound, run, on: connection)
        // A cancellation may still be on its way to the server: it must not meet another task's script.
        await connection.recycle(keeping: !run.interrupt.isAwake)
        await putBack(connection)
        return outcome
    }

    /// Closes the connections that are not in use; the others are closed after their scripts.
    func close() async {
        let connections = idle.withLock { connections in
            defer { connections = nil }
            return connections ?? []
        }
        for connection in connections { await connection.close() }
    }

    private func perform(
        _ script: BoundScript,
        _ run: ScriptRun,
        on connection: PostgreSQLConnection
    ) async throws(PostgreSQLFailure) -> ScriptOutcome {
        let ending = try await run.interrupt.waking { () throws(PostgreSQLFailure) in
            try await connection.run { session throws(PostgreSQLFailure) in try run.perform(script, in: session) }
        }
        switch ending {
        case .known(let outcome):
            return outcome
        case .doubtful(let failure):
            return try await fate(of: run, after: failure, on: connection)
        }
    }

    /// How long it asks what became of a COMMIT: servers restart within seconds.
    private static let patienceForFate = Duration.seconds(20)

    /// Finds out what became of a COMMIT whose answer was lost.
    ///
    /// - Returns: The outcome; a failed one if that cannot be found out: the script may have been committed.
    /// - Throws: What broke the connection, if nothing was committed.
    private func fate(
        of run: ScriptRun,
        after failure: PostgreSQLFailure,
        on connection: PostgreSQLConnection
    ) async throws(PostgreSQLFailure) -> ScriptOutcome {
        let end = ContinuousClock.now + Self.patienceForFate
        while true {
            let found: ScriptOutcome?
            do throws(PostgreSQLFailure) {
                found = try await connection.run { session throws(PostgreSQLFailure) in try run.fate(in: session) }
            } catch {
                guard ContinuousClock.now < end, !Task.isCancelled else {
                    let words = "the answer to COMMIT was lost, and taskrun cannot find out whether it was committed"
                    return .failed(error: "\(words): \(error.message)")
                }
                // The guard above sees a cancelled wait.
                try? await Task.sleep(for: .milliseconds(250))
                continue
            }
            guard let found else { throw failure }
            return found
        }
    }

    /// A connection that no other script uses; each running script has one to itself.
    private func connection() throws(PostgreSQLFailure) -> PostgreSQLConnection {
        let (isOpen, known) = idle.withLock { ($0 != nil, $0?.popLast()) }
        guard isOpen else { throw .closed }
        return known ?? PostgreSQLConnection(address, setUp: SessionSettings.script, keeper: keeper)
    }

    private func putBack(_ connection: PostgreSQLConnection) async {
        let isKept = idle.withLock { connections in
            connections?.append(connection)
            return connections != nil
        }
        if !isKept { await connection.close() }
    }
}

extension BoundScript.Flaw {
    fileprivate var outcome: ScriptOutcome {
        switch self {
        case .missing(let name):
            .missingValue(name: name)
        case .controlsTransaction(let number, let word):
            .failed(
                error: """
                    statement \(number) of the script begins with \(word): the script runs in the transaction that \
                    deletes its task, and may neither begin nor end one. Remove that statement.
                    """
            )
        }
    }
}
