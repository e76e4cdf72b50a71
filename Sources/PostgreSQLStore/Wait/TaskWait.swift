import Platform
import Synchronization
import TaskRun

/// Waits until a task is due.
///
/// If the triggers of `taskrun migrate --notify` are installed, it listens first and looks afterwards, so that it
/// misses nothing. A lost connection ends the wait with an error; the next wait listens again before it looks.
struct TaskWait: Sendable {
    /// How long to wait between two looks without these triggers, plus or minus a quarter.
    private static let pause: Duration = .milliseconds(80)
    /// How long to wait with them: they may have been removed, or a message may have been lost.
    private static let longPause: Duration = .seconds(5)
    /// Looks take at most one part in so many of the time, however long one takes.
    private static let share = 50

    let store: PostgreSQLStore
    let names: [String]
    let queues: QueueFilter?
    let end: ContinuousClock.Instant

    func run() async throws(StoreError) -> Bool {
        let interrupt: WakeUp
        do { interrupt = try WakeUp.opened() } catch {
            throw error.storeError(subject: store.subject("wait for tasks"))
        }
        return try await interrupt.waking { () throws(StoreError) in
            if let listener = store.listener, let isDue = try await wait(on: listener, interrupt) { return isDue }
            return try await store.reach(to: "wait for tasks") { try wait(in: $0, interrupt) }
        }
    }

    private var firstDue: Request {
        let queues = queues?.forLanes()
        return Request(WaitSQL.firstDue, [SQLText.array(names), queues?.pattern, queues?.list])
    }

    /// Waits on the connection without a pooler, or returns nil if it cannot be used now.
    private func wait(on listener: PostgreSQLConnection, _ interrupt: WakeUp) async throws(StoreError) -> Bool? {
        do throws(PostgreSQLFailure) {
            if !store.isListenerKnown.withLock({ $0 }) {
                let tables = try await tables(of: store.main)
                guard try await self.tables(of: listener) == tables else {
                    throw PostgreSQLFailure(.database, message: "listen_database names other tables than database")
                }
                store.isListenerKnown.withLock { $0 = true }
            }
            return try await listener.run { session throws(PostgreSQLFailure) in try wait(in: session, interrupt) }
        } catch {
            guard error.endsConnection else { throw error.storeError(subject: store.subject("wait for tasks")) }
            return nil
        }
    }

    private func tables(of connection: PostgreSQLConnection) async throws(PostgreSQLFailure) -> String? {
        try await connection.run { session throws(PostgreSQLFailure) in
            try session.rows(of: Request(WaitSQL.tables)).first?.textIfAny("tables")
        }
    }

    private func wait(in session: PostgreSQLSession, _ interrupt: WakeUp) throws(PostgreSQLFailure) -> Bool {
        let look = firstDue
        let isListening = try session.listen()
        while !interrupt.isAwake {
            session.forgetMessages()
            let begun = ContinuousClock.now
            let wait = try session.rows(of: look).first?.integerIfAny("wait")
            if let wait, wait <= 0 { return true }
            let now = ContinuousClock.now
            let pause = isListening ? Self.longPause : Self.pause * Double.random(in: 0.75...1.25)
            let next = min(end, now + max(pause, (now - begun) * Self.share))
            // A row may be due at a moment beyond the clock's range.
            let due = wait.map { min($0, 86_400_000_000) }.map { now + .microseconds($0) }
            switch try session.waitForMessage(until: min(next, due ?? next), interrupt) {
            case .interrupted: return false
            case .ready, .timedOut: if .now >= end { return false }
            }
        }
        return false
    }
}
