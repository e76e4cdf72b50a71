import Synchronization
public import TaskRun

/// The table `tasks` in a PostgreSQL database, 13 or later: for many machines at once.
///
/// A class: it owns connections. One serves everything but SQL handlers; those run on connections of their own, opened
/// when first needed and kept. A connection that breaks fails the call it was used for and is opened again by the next.
public final class PostgreSQLStore: TaskDesk {
    /// Host, port and database: `postgresql://db1:5432/app`.
    public let location: String

    let address: PostgreSQLAddress
    let main: PostgreSQLConnection
    /// Another way to the same tables, on which messages arrive; nil: the main one.
    let listener: PostgreSQLConnection?
    /// Whether the listener was seen to have the same tables.
    let isListenerKnown = Mutex(false)
    let tell: (@Sendable (StoreNotice) -> Void)?
    let lockRoom = Mutex(LockSQL.lookLimit)
    /// When it last turned out that a synchronous standby does not answer.
    let standbyMissed = Mutex<ContinuousClock.Instant?>(nil)
    /// Whether policies may hide tasks from this role, and that was said.
    let isSightPartial = Mutex(false)
    let lanes = Mutex(LaneMemory())
    /// Rows that the table does not let be claimed: they are passed over.
    let avoided = Mutex(AvoidedRows())

    /// Lets rows be claimed again that were refused beside others: see ``TaskRun/TaskStore``.
    public func tryRefusedAgain() -> String? { avoided.withLock { $0.tryAgain() } }
    let expiryTurn = Mutex(ExpiryTurn())
    /// Whether `tasks` had triggers of somebody else's that act once an UPDATE has ended, when the schema was looked at.
    let hasTriggers = Mutex(false)
    /// The connections for scripts that are not in use; nil once the store is closed.
    let idleScriptConnections = Mutex<[PostgreSQLConnection]?>([])

    /// Names a database; nothing is connected yet.
    ///
    /// What libpq reads besides holds too: its environment variables, `~/.pgpass` and service files. The tables are
    /// looked for where `search_path` says.
    ///
    /// - Parameters:
    ///   - address: A URL, `postgresql://user@host:5432/database`, or a conninfo string, `host=db1 dbname=app`.
    ///   - scratch: The schema in which the tables are, instead of what `search_path` says; nil: as it says.
    ///   - listening: An address of the same tables without a pooler, for runs that wait for tasks; nil: the same address.
    ///   - tell: Is told what the store has to say while it works.
    /// - Throws: ``TaskRun/StoreError/Code/database`` for an address that libpq cannot read.
    public init(
        _ address: String,
        scratch: ScratchSchema? = nil,
        listening: String? = nil,
        tell: (@Sendable (StoreNotice) -> Void)? = nil
    ) throws(StoreError) {
        self.address = try PostgreSQLAddress(address)
        self.location = self.address.location
        let setUp = scratch.map { SessionSettings.store.within($0) } ?? .store
        self.main = PostgreSQLConnection(self.address, setUp: setUp)
        let listenAddress = try listening.map { text throws(StoreError) in try PostgreSQLAddress(text) }
        self.listener = listenAddress.map { PostgreSQLConnection($0, setUp: .store) }
        self.tell = tell
    }

    /// Closes the connections; a call that is under way is ended first.
    public func close() async {
        let idle = idleScriptConnections.withLock { connections in
            defer { connections = nil }
            return connections ?? []
        }
        for connection in idle { await connection.close() }
        await listener?.close()
        await main.close()
    }

    /// Runs `body` on the main connection and says what was being done where it fails.
    func reach<Result: Sendable>(
        to doing: String,
        _ body: @Sendable (PostgreSQLSession) throws(PostgreSQLFailure) -> Result
    ) async throws(StoreError) -> Result {
        do {
            let result = try await main.run(body)
            if await main.takeLateness() { noteMissedStandby() }
            return result
        } catch {
            note(error)
            throw error.storeError(subject: subject(doing))
        }
    }

    /// The first part of an error's text: `cannot claim tasks in postgresql://db1:5432/app`.
    func subject(_ doing: String) -> String { "cannot \(doing) in \(location)" }
}
