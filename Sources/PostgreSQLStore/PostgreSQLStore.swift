import Synchronization
public import TaskRun

/// The tables in a PostgreSQL database, version 13 or later: one database for many machines.
///
/// One connection serves everything except SQL files and, if another address is given for it, waiting. A connection
/// that breaks fails the call that uses it; the next call opens it again.
public final class PostgreSQLStore: Sendable {
    /// Host, port and database: `postgresql://db1:5432/app`.
    public let location: String
    let main: PostgreSQLConnection
    /// A second connection to the same tables, on which notifications arrive, or nil if the main one serves for that.
    let listener: PostgreSQLConnection?
    /// Whether it is known that the listener sees the same tables.
    let isListenerKnown = Mutex(false)
    let memory: ClaimMemory
    let standby = Standby()
    let scripts: Scripts
    let tell: (@Sendable (StoreNotice) -> Void)?
    /// Whether this store has said that policies may hide tasks from its role.
    let isSightPartial = Mutex(false)

    /// Names a database; nothing is connected yet.
    ///
    /// libpq's own sources count too: its environment variables, `~/.pgpass` and service files. The tables are looked
    /// for in the schemas of `search_path`.
    ///
    /// - Parameters:
    ///   - address: A URL, `postgresql://user@host:5432/database`, or a conninfo string, `host=db1 dbname=app`.
    ///   - scratch: The schema of the tables, or nil for the schemas of `search_path`.
    ///   - listening: An address of the same tables without a pooler, for runs that wait for tasks, or nil for the same
    ///     address.
    ///   - history: How long the history of tasks is kept; default 7 days.
    ///   - tell: Receives the store's warnings and notices while it works.
    /// - Throws: ``TaskRun/StoreError/Code/database`` for an address that libpq cannot read.
    public init(
        _ address: String,
        scratch: ScratchSchema? = nil,
        listening: String? = nil,
        history: HistoryRetention = HistoryRetention(),
        tell: (@Sendable (StoreNotice) -> Void)? = nil
    ) throws(StoreError) {
        let address = try PostgreSQLAddress(address)
        location = address.location
        let keeper = HistoryKeeper(history)
        memory = ClaimMemory(history: keeper)
        main = PostgreSQLConnection(
            address,
            setUp: scratch.map { SessionSettings.store.within($0) } ?? .store,
            keeper: keeper
        )
        let listenAddress = try listening.map { text throws(StoreError) in try PostgreSQLAddress(text) }
        listener = listenAddress.map { PostgreSQLConnection($0, setUp: .store) }
        scripts = Scripts(address: address, keeper: keeper)
        self.tell = tell
    }

    /// Closes the connections; a call in progress ends first.
    public func close() async {
        await scripts.close()
        await listener?.close()
        await main.close()
    }

    /// Runs `body` on the main connection; `doing` says what could not be done if it fails.
    ///
    /// `body` throws only ``PostgreSQLFailure``. The type is cast here, so that callers need not spell it. If the
    /// history is what the server refuses, the same is done again without it.
    func reach<Result: Sendable>(
        to doing: String,
        _ body: @Sendable (PostgreSQLSession) throws -> Result
    ) async throws(StoreError) -> Result {
        memory.history.begin()
        do throws(PostgreSQLFailure) {
            return try await use(body)
        } catch {
            guard error.isRefusal, memory.history.pause() else {
                memory.note(error)
                throw error.storeError(subject: subject(doing))
            }
            do throws(PostgreSQLFailure) {
                let result = try await use(body)
                memory.history.blame(HistoryKeeper.error(error.storeError(subject: ""), in: location))
                return result
            } catch {
                memory.history.resume()
                memory.note(error)
                throw error.storeError(subject: subject(doing))
            }
        }
    }

    private func use<Result: Sendable>(
        _ body: @Sendable (PostgreSQLSession) throws -> Result
    ) async throws(PostgreSQLFailure) -> Result {
        let result = try await main.run { session throws(PostgreSQLFailure) in
            do {
                return try body(session)
            } catch {
                throw error as? PostgreSQLFailure ?? PostgreSQLFailure(.database, message: "\(error)")
            }
        }
        if await main.takeLateness(), standby.note() { tell?(.warning("\(location): \(Standby.warning)")) }
        return result
    }

    /// The first part of an error's text: `cannot claim tasks in postgresql://db1:5432/app`.
    func subject(_ doing: String) -> String { "cannot \(doing) in \(location)" }
}
