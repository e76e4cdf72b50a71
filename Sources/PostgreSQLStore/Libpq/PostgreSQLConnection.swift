import Platform
import TaskRun

/// A connection that opens when it is first used, and again after it broke.
///
/// An actor on a thread of its own, because libpq blocks. A call runs from begin to end with no other one in between,
/// so a transaction belongs to one call.
actor PostgreSQLConnection {
    private nonisolated let executor = QueueExecutor()
    private let address: PostgreSQLAddress
    private let setUp: SessionSettings
    private let keeper: HistoryKeeper
    /// Set once it turns out that the server connection changes although it seemed not to.
    private var isPooled = false
    private var session: PostgreSQLSession?
    private var isClosed = false
    /// The processes of sessions that broke.
    private var lost = LostTransactions()

    init(_ address: PostgreSQLAddress, setUp: SessionSettings, keeper: HistoryKeeper = .off) {
        self.address = address
        self.keeper = keeper
        self.setUp = setUp
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Runs `body` with an open session; a transaction that it leaves open is undone.
    ///
    /// - Throws: What `body` throws, or that no connection can be made. After a failure that ends the connection the
    ///   next call makes a new one.
    func run<Result: Sendable>(
        _ body: @Sendable (PostgreSQLSession) throws(PostgreSQLFailure) -> Result
    ) throws(PostgreSQLFailure) -> Result {
        guard !isClosed else { throw .closed }
        let session = try current()
        defer {
            session.leaveTransaction()
            if !session.isUsable() { lost.add(session.process) }
        }
        let result = try body(session)
        try session.requireReadable()
        return result
    }

    /// Asks the server whether transactions of lost sessions may still be open.
    ///
    /// - Returns: Whether none is open.
    func losesNothing() throws(PostgreSQLFailure) -> Bool {
        guard !lost.isEmpty else { return true }
        let processes = SQLText.array(lost.processes.map(Int64.init))
        let present = try run { session throws(PostgreSQLFailure) in
            let look = Request(SessionSQL.lostTransactions, [processes, String(session.process)])
            return try session.rows(of: look).map { $0.text("session") }
        }
        return lost.note(Set(present))
    }

    private func current() throws(PostgreSQLFailure) -> PostgreSQLSession {
        if let session, session.isUsable() { return session }
        isPooled = isPooled || session?.link == .pooled
        session = nil
        let new = try PostgreSQLSession.open(address, setUp: setUp, isPooled: isPooled)
        new.keeper = keeper
        session = new
        return new
    }

    /// Whether a commit was answered only after a cancellation since the last call of this function.
    func takeLateness() -> Bool {
        guard let session, session.wasLate else { return false }
        session.wasLate = false
        return true
    }

    /// Removes what the user's statements left in the session (settings, temporary tables, locks), or ends it.
    func recycle(keeping isKept: Bool) {
        guard isKept, let session else { return session = nil }
        do {
            try session.recycle()
        } catch {
            self.session = nil
        }
    }

    func close() {
        session?.stopListening()
        session = nil
        isClosed = true
    }
}
