import TaskRun

/// A connection that opens when it is first used, and again after it broke.
///
/// An actor on a thread of its own, because libpq blocks. A call runs from begin to end without another in between, so a
/// transaction belongs to one call.
actor PostgreSQLConnection {
    private nonisolated let executor = QueueExecutor()
    private let address: PostgreSQLAddress
    private let setUp: SessionSettings
    /// Set once it turned out that the server end changes although it seemed not to.
    private var isPooled = false
    private var session: PostgreSQLSession?
    private var isClosed = false
    /// What sessions that broke were at.
    private var lost = LostTransactions()

    /// - Parameters:
    ///   - address: Where to connect.
    ///   - setUp: What its statements go by.
    init(_ address: PostgreSQLAddress, setUp: SessionSettings) {
        self.address = address
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

    /// Asks the server whether transactions may still be open whose sessions were lost.
    ///
    /// - Returns: Whether none can be.
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
        session = new
        return new
    }

    /// Whether a commit was answered only when it was asked to wait no longer, since this was asked last.
    func takeLateness() -> Bool {
        guard let session, session.wasLate else { return false }
        session.wasLate = false
        return true
    }

    /// Frees the session of what the user's statements left in it (settings, temporary tables, locks), or ends it.
    func recycle(keeping isKept: Bool) {
        guard isKept, let session else { return session = nil }
        do {
            try session.recycle()
        } catch {
            self.session = nil
        }
    }

    /// Ends the session for good.
    func close() {
        session?.stopListening()
        session = nil
        isClosed = true
    }
}
