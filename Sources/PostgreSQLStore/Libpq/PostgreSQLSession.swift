import CPostgreSQL
import Platform
import TaskRun

/// One open connection to a server: sends statements and waits for the answers.
///
/// A class: it owns libpq's connection and ends it with the last reference. All calls block, so only the executor of
/// its ``PostgreSQLConnection`` uses it. Nothing waits without a limit: a server that accepts and then stays silent
/// costs the limit, and then the session is of no use.
///
/// Behind a pooler no setting stays in the session and no statement is prepared by name: the next transaction may be on
/// another connection to the server, and the next one on this connection another program's.
final class PostgreSQLSession {
    /// The other end of the connection.
    enum Link {
        /// The server itself, as long as the session lives.
        case direct
        /// A pooler, which may give each transaction another connection to the server; or it is not known yet.
        case pooled
    }

    let handle: OpaquePointer
    let address: PostgreSQLAddress
    private(set) var link = Link.pooled
    var prepared: Set<String> = []
    var isBroken = false
    let misreading = Misreading()
    /// Whether the triggers' notifications arrive here, or nil if that is not known yet.
    var isListening: Bool?
    /// Whether the server committed only after a cancellation.
    var wasLate = false
    /// Whether the history is written.
    var keeper = HistoryKeeper.off
    private var settings: SessionSettings
    /// In which schemas names are looked for.
    private(set) var names = Names(own: "", users: "")

    /// The server's process for this session, or a pooler's number instead; kept, as libpq has none for a connection
    /// that broke.
    let process: Int32

    private init(_ handle: OpaquePointer, _ address: PostgreSQLAddress, _ settings: SessionSettings) {
        (self.handle, self.address, self.settings, process) = (handle, address, settings, PQbackendPID(handle))
    }

    deinit { PQfinish(handle) }

    /// Connects; if it is not known that there is a pooler (`isPooled`), this finds out.
    static func open(
        _ address: PostgreSQLAddress,
        setUp: SessionSettings,
        isPooled: Bool = false
    ) throws(PostgreSQLFailure) -> PostgreSQLSession {
        let session: PostgreSQLSession
        do throws(PostgreSQLFailure) {
            session = try connect(address, address.parameters, setUp)
        } catch {
            // PgBouncer refuses startup options; each transaction then sets them.
            guard error.state == "08P01", let parameters = address.parametersWithoutOptions else { throw error }
            session = try connect(address, parameters, setUp)
        }
        // By default libpq would print the server's notices on stderr.
        PQsetNoticeReceiver(session.handle, { _, _ in }, nil)
        guard PQsetnonblocking(session.handle, 1) == 0 else { throw session.lost() }
        let isDirect = isPooled ? false : try session.setUpIfDirect()
        if !isDirect { try session.setUpForTransactions(by: setUp, isFound: !isPooled) }
        return session
    }

    /// Connects with these parameters, and nothing else.
    static func connect(
        _ address: PostgreSQLAddress,
        _ parameters: [(keyword: String, value: String)],
        _ settings: SessionSettings
    ) throws(PostgreSQLFailure) -> PostgreSQLSession {
        let begin = ContinuousClock.now
        let connected = CStrings.with(parameters.map(\.keyword) + [nil]) { keywords in
            CStrings.with(parameters.map(\.value) + [nil]) { values in PQconnectdbParams(keywords, values, 1) }
        }
        guard let handle = connected else { throw PostgreSQLFailure(.other, message: "out of memory") }
        let session = PostgreSQLSession(handle, address, settings)
        guard PQstatus(handle) == CONNECTION_OK else {
            throw ConnectionRefusal.explain(handle, parameters, after: ContinuousClock.now - begin)
        }
        return session
    }

    /// Makes the settings of the statements for the whole session, if the server itself answers.
    private func setUpIfDirect() throws(PostgreSQLFailure) -> Bool {
        let setUp = [settings.request(ifAnswering: PQbackendPID(handle))]
        let answers = Answers(setUp, try transfer(setUp, within: .seconds(15), interrupt: nil))
        let isDirect = answers[SessionSQL.setUp].first?.textIfAny("settings") != nil
        link = isDirect ? .direct : .pooled
        names = Names(answers)
        return isDirect
    }

    /// Finds out what each transaction behind a pooler has to set; `isFound` says whether the names are known as they
    /// are without the address's own settings.
    private func setUpForTransactions(by setUp: SessionSettings, isFound: Bool) throws(PostgreSQLFailure) {
        let options = SessionSettings.Value.all(in: address.options ?? "")
        if !isFound || !options.isEmpty {
            let look = [.begin, SessionSettings(options).requestForTransaction, Names.find, .rollback]
            names = Names(Answers(look, try transfer(look, within: .seconds(15), interrupt: nil)))
        }
        let own = setUp.areNamesOwn ? [SessionSettings.Value(name: Names.setting, value: names.own)] : []
        settings = setUp.behind(options).adding(own)
    }

    /// The server's version as a number: 150018 for 15.18.
    var serverVersion: Int { Int(PQserverVersion(handle)) }

    /// Whether the session can be used: it did not break, and the server has not ended it since its last use.
    func isUsable() -> Bool {
        while !isBroken && Readiness.wait(on: PQsocket(handle), atMost: .zero) == .ready {
            if PQconsumeInput(handle) == 0 { isBroken = true }
            _ = PQisBusy(handle)
        }
        return !isBroken && PQstatus(handle) == CONNECTION_OK
    }

    /// Sends the statements in one go and waits for the results of all: one round trip.
    ///
    /// Outside BEGIN and COMMIT they are one transaction. After a failure the rest is not run.
    ///
    /// - Parameters:
    ///   - requests: The statements with their values.
    ///   - limit: The longest wait for one result. The server's own limit is shorter, so this is for a silent server.
    ///   - interrupt: Cancels the statements from elsewhere.
    /// - Returns: The results.
    /// - Throws: The server's first error, or that the connection is lost.
    @discardableResult
    func exchange(
        _ requests: [Request],
        within limit: Duration = .seconds(15),
        interrupt: WakeUp? = nil
    ) throws(PostgreSQLFailure) -> Answers {
        guard !requests.contains(where: { $0.values.contains { $0?.utf8.contains(0) ?? false } }) else {
            throw PostgreSQLFailure(
                state: "22021",
                message: "a value contains a NUL character, which PostgreSQL cannot store"
            )
        }
        let isWhole = PQtransactionStatus(handle) == PQTRANS_IDLE
        do throws(PostgreSQLFailure) {
            return Answers(requests, try transfer(requests, isWhole: isWhole, within: limit, interrupt: interrupt))
        } catch {
            // It cannot be known whether the server got the COMMIT and carried it out.
            let hasCommit = requests.contains { $0.statement == SessionSQL.commit }
            if error.code == .unreachable, hasCommit { throw error.inDoubt }
            guard error.isStalePlan else { throw error }
            try forgetPlans(after: error, isWhole: isWhole)
            // It was undone as a whole, so it can be sent again as a whole.
            return Answers(requests, try transfer(requests, isWhole: isWhole, within: limit, interrupt: interrupt))
        }
    }

    /// The same.
    ///
    /// Behind a pooler, a transaction that begins here gets the settings too.
    private func transfer(
        _ requests: [Request],
        isWhole: Bool,
        within limit: Duration,
        interrupt: WakeUp?
    ) throws(PostgreSQLFailure) -> [PostgreSQLResult] {
        guard link == .pooled, isWhole else { return try transfer(requests, within: limit, interrupt: interrupt) }
        var opening = [settings.begin, settings.requestForTransaction]
        if let first = requests.first, first.isBegin {
            if first.statement.name != settings.begin.statement.name { opening[0] = first }
            var results = try transfer(opening + requests.dropFirst(), within: limit, interrupt: interrupt)
            results.remove(at: 1)
            return results
        }
        do throws(PostgreSQLFailure) {
            let results = try transfer(opening + requests + [.commit], within: limit, interrupt: interrupt)
            return Array(results.dropFirst(opening.count).dropLast())
        } catch {
            // The caller has begun no transaction, and would not end this one.
            leaveTransaction()
            throw error
        }
    }

    /// Makes each statement be prepared again when it is next used: a table has changed, or the server connection is
    /// another one.
    private func forgetPlans(after failure: PostgreSQLFailure, isWhole: Bool) throws(PostgreSQLFailure) {
        guard isWhole else {
            isBroken = true
            throw failure
        }
        leaveTransaction()
        guard !isBroken else { throw failure }
        prepared = []
        if failure.state == PostgreSQLFailure.featureNotSupported {
            try execute(BuiltSQL.forgetPlans, within: .seconds(15))
        } else {
            link = .pooled
        }
    }

    /// Runs a text of statements without values, separated by semicolons; without BEGIN they are one transaction.
    func execute(_ sql: String, within limit: Duration) throws(PostgreSQLFailure) {
        try send(sql, within: limit)
        var failure: PostgreSQLFailure?
        while let result = try next(within: limit, interrupt: nil) {
            failure = failure ?? result.failure
        }
        if let failure { throw noting(failure) }
    }

    /// Sends a text of statements, without waiting for the answers.
    func send(_ sql: String, within limit: Duration) throws(PostgreSQLFailure) {
        guard PQsendQuery(handle, sql) == 1 else { throw lost() }
        try flush(within: limit)
    }

    /// The first column of the first row of a statement, sent in the simplest way.
    func text(of sql: String) throws(PostgreSQLFailure) -> String? {
        try send(sql, within: .seconds(5))
        var text: String?
        while let result = try next(within: .seconds(5), interrupt: nil) {
            if let failure = result.failure { throw noting(failure) }
            text = text ?? result.firstText
        }
        return text
    }

    /// Sends rows in COPY's text format.
    ///
    /// - Parameters:
    ///   - sql: The statement, `COPY … FROM STDIN`.
    ///   - rows: The rows, each with a line end.
    ///   - limit: The longest wait for the server.
    /// - Returns: How many rows were added.
    /// - Throws: What the server said, or that the connection is lost.
    func copy(_ sql: String, _ rows: [UInt8], within limit: Duration) throws(PostgreSQLFailure) -> Int {
        try send(sql, within: limit)
        guard let begin = try next(within: limit, interrupt: nil) else { throw lost() }
        var failure = begin.status == PGRES_COPY_IN ? nil : begin.failure
        if begin.status == PGRES_COPY_IN {
            // In pieces: libpq keeps what is not sent yet.
            for start in stride(from: 0, to: rows.count, by: 1 << 18) {
                let piece = rows[start..<min(rows.count, start + 1 << 18)]
                let sent = piece.withUnsafeBytes { bytes in
                    PQputCopyData(handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
                }
                guard sent == 1 else { throw lost() }
                try flush(within: limit)
            }
            guard PQputCopyEnd(handle, nil) == 1 else { throw lost() }
            try flush(within: limit)
        }
        var count = 0
        while let result = try next(within: limit, interrupt: nil) {
            failure = failure ?? result.failure
            count += result.changedRows
        }
        if let failure { throw noting(failure) }
        return count
    }

    /// Makes the session as good as new; a session that other programs share is left as it is.
    func recycle() throws(PostgreSQLFailure) {
        guard link == .direct else { return }
        // DISCARD drops the prepared statements too, and must be sent alone.
        (prepared, isListening) = ([], nil)
        try execute(BuiltSQL.forgetAll, within: .seconds(15))
        _ = try setUpIfDirect()
    }

    /// Undoes a transaction that was left open.
    func leaveTransaction() {
        guard isUsable(), PQtransactionStatus(handle) != PQTRANS_IDLE else { return }
        do {
            try transfer([.rollback], within: .seconds(15), interrupt: nil)
        } catch {
            // Closing the connection undoes it just as well.
            isBroken = true
        }
    }
}
