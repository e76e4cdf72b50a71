import Platform
import Synchronization
public import TaskRun

extension PostgreSQLStore {
    /// Runs an SQL script and deletes the task's row in one transaction: see ``TaskRun/TaskStore``.
    ///
    /// BEGIN, COMMIT and the like are refused in a script: they would break that promise.
    ///
    /// - Returns: What became of it.
    /// - Throws: ``TaskRun/StoreError/Code/unreachable`` where the connection broke: the task is then still in hand.
    public func perform(
        _ script: Script,
        settling settlement: Settlement,
        timeLimit: Duration
    ) async throws(StoreError) -> ScriptOutcome {
        let bound: BoundScript
        do {
            bound = try BoundScript(script)
        } catch {
            return error.outcome
        }
        do {
            let connection = try takeScriptConnection()
            let run = ScriptRun(settlement: settlement, timeLimit: timeLimit, interrupt: try Bell.opened())
            let outcome = try await perform(bound, run, on: connection)
            // A cancellation may still be on its way to the server: it must not meet another task's script.
            await connection.recycle(keeping: !run.interrupt.isRung)
            await putBack(connection)
            return outcome
        } catch {
            throw error.storeError(subject: subject("run the script of task \(settlement.proof.id)"))
        }
    }

    private func perform(
        _ script: BoundScript,
        _ run: ScriptRun,
        on connection: PostgreSQLConnection
    ) async throws(PostgreSQLFailure) -> ScriptOutcome {
        let ending = await withTaskCancellationHandler { () -> Result<ScriptRun.Ending, PostgreSQLFailure> in
            do throws(PostgreSQLFailure) {
                return .success(
                    try await connection.run { session throws(PostgreSQLFailure) in
                        try run.perform(script, in: session)
                    }
                )
            } catch {
                return .failure(error)
            }
        } onCancel: {
            run.interrupt.ring()
        }
        switch try ending.get() {
        case .known(let outcome):
            return outcome
        case .doubtful(let failure):
            return try await fate(of: run, after: failure, on: connection)
        }
    }

    /// How long it is asked what became of a COMMIT: servers begin anew within seconds.
    private static let patienceForFate = Duration.seconds(20)

    /// Finds out what became of a COMMIT whose answer was lost.
    ///
    /// - Returns: What became of it; a failure where that cannot be found out: it may have gone through.
    /// - Throws: What broke the connection, where nothing went through.
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
                    let words = "the answer to COMMIT was lost, and what became of it cannot be found out"
                    return .failed(error: "\(words): \(error.message)")
                }
                // A cancelled wait is seen above.
                try? await Task.sleep(for: .milliseconds(250))
                continue
            }
            guard let found else { throw failure }
            return found
        }
    }

    /// A connection that no other script is using; each script in progress has one to itself.
    private func takeScriptConnection() throws(PostgreSQLFailure) -> PostgreSQLConnection {
        let idle = idleScriptConnections.withLock { connections in
            (isOpen: connections != nil, connection: connections?.popLast())
        }
        guard idle.isOpen else { throw .closed }
        return idle.connection
            ?? PostgreSQLConnection(address, setUp: SessionSettings.script)
    }

    private func putBack(_ connection: PostgreSQLConnection) async {
        let isKept = idleScriptConnections.withLock { connections in
            connections?.append(connection)
            return connections != nil
        }
        if !isKept { await connection.close() }
    }
}

extension BoundScript.Flaw {
    /// What is said of the task.
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
