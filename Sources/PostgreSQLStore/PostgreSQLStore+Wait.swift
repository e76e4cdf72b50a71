import Platform
import Synchronization
public import TaskRun

extension PostgreSQLStore {
    /// Without triggers: how long to wait between two looks, give or take a quarter.
    private static let pause: Duration = .milliseconds(80)
    /// With them: when to look although nothing was told, in case they were removed or a message was lost on the way.
    private static let longPause: Duration = .seconds(5)
    /// Looks take at most this part of the time, however long one takes.
    private static let share = 50

    /// Waits until a task is due: see ``TaskRun/TaskStore``.
    ///
    /// Where the triggers of `taskrun migrate --notify` are installed, it listens and then looks, so that nothing is
    /// missed; a lost connection ends the wait with an error, and the next one listens anew before it looks.
    public func waitForTasks(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant
    ) async throws(StoreError) -> Bool {
        let interrupt: Bell
        do { interrupt = try Bell.opened() } catch { throw error.storeError(subject: subject("wait for tasks")) }
        let look = Self.firstDue(names, queues)
        let result = await withTaskCancellationHandler { () -> Result<Bool, StoreError> in
            do throws(StoreError) {
                if let listener, let isDue = try await wait(look, until: end, on: listener, interrupt) {
                    return .success(isDue)
                }
                return .success(
                    try await reach(to: "wait for tasks") { session throws(PostgreSQLFailure) in
                        try Self.wait(look, until: end, in: session, interrupt)
                    }
                )
            } catch {
                return .failure(error)
            }
        } onCancel: {
            interrupt.ring()
        }
        return try result.get()
    }

    /// Looks whether there is anything to do: see ``TaskRun/TaskStore``.
    public func look(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look {
        try await reach(to: "look for tasks") { session throws(PostgreSQLFailure) in
            let isDue = Self.anyDue(names, queues)
            let answers = try session.exchange([
                Request(WaitSQL.anyClaim), isDue,
                Request(RecoverSQL.waitingNames, [String(Look.nameLimit)]), Request(LockSQL.anyBehind),
                Request(ResultSQL.anyExpired), Request(BatchSQL.anyWaits),
            ])
            let state = answers[WaitSQL.anyClaim].only
            guard !state.bool("is_read_only") else {
                let what = state.bool("is_standby") ? "the server is a standby" : "the server takes no writes"
                throw PostgreSQLFailure(state: "25006", message: what)
            }
            return Look(
                holdsClaims: state.bool("any_claim"),
                isDue: answers[isDue.statement].only.bool("any_due"),
                hasLine: answers[LockSQL.anyBehind].only.bool("any_behind"),
                hasBatch: answers[BatchSQL.anyWaits].only.bool("any_waits"),
                waitingNames: answers[RecoverSQL.waitingNames].map { $0.text("task_name") },
                holdsExpired: answers[ResultSQL.anyExpired].only.bool("any_expired")
            )
        }
    }

    private static func anyDue(_ names: [String], _ queues: QueueFilter?) -> Request {
        queues?.names.map { Request(WaitSQL.anyDueOfQueues, [SQLText.array(names), SQLText.array($0)]) }
            ?? Request(WaitSQL.anyDue, [SQLText.array(names), queues?.expression])
    }

    private static func firstDue(_ names: [String], _ queues: QueueFilter?) -> Request {
        queues?.names.map { Request(WaitSQL.firstDueOfQueues, [SQLText.array(names), SQLText.array($0)]) }
            ?? Request(WaitSQL.firstDue, [SQLText.array(names), queues?.expression])
    }

    /// Waits on the way that leads by the pooler; nil: it cannot be gone at this moment.
    private func wait(
        _ look: Request,
        until end: ContinuousClock.Instant,
        on listener: PostgreSQLConnection,
        _ interrupt: Bell
    ) async throws(StoreError) -> Bool? {
        do throws(PostgreSQLFailure) {
            if !isListenerKnown.withLock({ $0 }) {
                let tables = try await main.run { session throws(PostgreSQLFailure) in try Self.tables(session) }
                let others = try await listener.run { session throws(PostgreSQLFailure) in try Self.tables(session) }
                guard tables == others else {
                    throw PostgreSQLFailure(.database, message: "listen_database names other tables than database")
                }
                isListenerKnown.withLock { $0 = true }
            }
            return try await listener.run { session throws(PostgreSQLFailure) in
                try Self.wait(look, until: end, in: session, interrupt)
            }
        } catch {
            guard error.endsConnection else { throw error.storeError(subject: subject("wait for tasks")) }
            return nil
        }
    }

    private static func tables(_ session: PostgreSQLSession) throws(PostgreSQLFailure) -> String? {
        try session.rows(of: Request(WaitSQL.tables)).first?.textIfAny("tables")
    }

    private static func wait(
        _ look: Request,
        until end: ContinuousClock.Instant,
        in session: PostgreSQLSession,
        _ interrupt: Bell
    ) throws(PostgreSQLFailure) -> Bool {
        let isListening = try session.listen()
        while !interrupt.isRung {
            session.forgetMessages()
            let begun = ContinuousClock.now
            let wait = try session.rows(of: look).first?.integerIfAny("wait")
            if let wait, wait <= 0 { return true }
            let now = ContinuousClock.now
            let pause = isListening ? longPause : Self.pause * Double.random(in: 0.75...1.25)
            let next = min(end, now + max(pause, (now - begun) * share))
            // A row for the far future may have a moment that no clock can count to.
            let due = wait.map { min($0, 86_400_000_000) }.map { now + .microseconds($0) }
            switch try session.waitForMessage(until: min(next, due ?? next), interrupt) {
            case .interrupted: return false
            case .ready, .timedOut: if .now >= end { return false }
            }
        }
        return false
    }
}
