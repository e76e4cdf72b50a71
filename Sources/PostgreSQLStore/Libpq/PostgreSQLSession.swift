import CPostgreSQL
import TaskRun

/// One open connection to a server: sends statements and waits for what comes back.
///
/// A class: it owns libpq's connection and ends it with the last reference. All calls block, so it is used on the
/// executor of its ``PostgreSQLConnection`` only. Nothing waits without a limit: a server that accepts and then is
/// silent costs the limit, after which the session is of no use.
final class PostgreSQLSession {
    private let handle: OpaquePointer
    private var prepared: Set<String> = []
    private var isBroken = false
    /// Whether the triggers' messages come here; nil: not asked yet.
    private var isListening: Bool?

    private init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQfinish(handle) }

    /// Connects and runs the set-up statements.
    static func open(_ address: PostgreSQLAddress, setUp: String) throws(PostgreSQLFailure) -> PostgreSQLSession {
        let begin = ContinuousClock.now
        let parameters = address.parameters
        let connected = CStrings.with(parameters.map(\.keyword) + [nil]) { keywords in
            CStrings.with(parameters.map(\.value) + [nil]) { values in PQconnectdbParams(keywords, values, 1) }
        }
        guard let handle = connected else { throw PostgreSQLFailure(.other, message: "out of memory") }
        let session = PostgreSQLSession(handle)
        guard PQstatus(handle) == CONNECTION_OK else {
            throw ConnectionRefusal.explain(handle, address: address, after: ContinuousClock.now - begin)
        }
        // By itself libpq would print the server's notices on stderr.
        PQsetNoticeReceiver(handle, { _, _ in }, nil)
        guard PQsetnonblocking(handle, 1) == 0 else { throw session.lost() }
        try session.execute(setUp, within: .seconds(15))
        return session
    }

    /// The server's version as a number: 150018 for 15.18.
    var serverVersion: Int { Int(PQserverVersion(handle)) }

    /// Whether the session can be used: it did not break, and the server has not ended it since it was last used.
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
    ///   - limit: The longest wait for one result. The server's own limit is shorter, so this is for a silent one.
    ///   - interrupt: Cancels the statements from elsewhere.
    /// - Returns: One result a statement.
    /// - Throws: What the server said first, or that the connection is lost.
    @discardableResult
    func exchange(
        _ requests: [Request],
        within limit: Duration = .seconds(15),
        interrupt: Interrupt? = nil
    ) throws(PostgreSQLFailure) -> [PostgreSQLResult] {
        guard !requests.contains(where: { $0.values.contains { $0?.utf8.contains(0) ?? false } }) else {
            throw PostgreSQLFailure(
                state: "22021",
                message: "a value contains a NUL character, which PostgreSQL cannot store"
            )
        }
        guard PQenterPipelineMode(handle) == 1 else { throw lost() }
        var parts: [Part] = []
        for request in requests { try send(request, parts: &parts) }
        guard PQpipelineSync(handle) == 1 else { throw lost() }
        try flush(within: limit)
        let results = try collect(parts, within: limit, interrupt: interrupt)
        guard PQexitPipelineMode(handle) == 1 else { throw lost() }
        return results
    }

    /// Runs statements without values as they stand, separated by semicolons; without BEGIN they are one transaction.
    func execute(_ sql: String, within limit: Duration) throws(PostgreSQLFailure) {
        guard PQsendQuery(handle, sql) == 1 else { throw lost() }
        try flush(within: limit)
        var failure: PostgreSQLFailure?
        while let result = try next(within: limit, interrupt: nil) {
            failure = failure ?? result.failure
        }
        if let failure { throw noting(failure) }
    }

    /// Sends rows in COPY's text format.
    ///
    /// - Parameters:
    ///   - sql: The statement, `COPY … FROM STDIN`.
    ///   - rows: The rows, each with a line end.
    ///   - limit: The longest wait for the server.
    /// - Throws: What the server said, or that the connection is lost.
    func copy(_ sql: String, _ rows: [UInt8], within limit: Duration) throws(PostgreSQLFailure) {
        guard PQsendQuery(handle, sql) == 1 else { throw lost() }
        try flush(within: limit)
        guard let begin = try next(within: limit, interrupt: nil) else { throw lost() }
        var failure = begin.status == PGRES_COPY_IN ? nil : begin.failure
        if begin.status == PGRES_COPY_IN {
            // In pieces: libpq keeps what is not yet sent.
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
        while let result = try next(within: limit, interrupt: nil) { failure = failure ?? result.failure }
        if let failure { throw noting(failure) }
    }

    /// Makes the session as good as new.
    func recycle(setUp: String) throws(PostgreSQLFailure) {
        // DISCARD drops the prepared statements too, and wants to be alone.
        (prepared, isListening) = ([], nil)
        try execute("DISCARD ALL", within: .seconds(15))
        try execute(setUp, within: .seconds(15))
    }

    /// Undoes a transaction that was left open.
    func leaveTransaction() {
        guard isUsable(), PQtransactionStatus(handle) != PQTRANS_IDLE else { return }
        do {
            try exchange([.rollback])
        } catch {
            // Closing the connection undoes it just as well.
            isBroken = true
        }
    }
}

extension PostgreSQLSession {
    /// Listens for the triggers' messages, once a session.
    ///
    /// - Returns: Whether there are triggers.
    func listen() throws(PostgreSQLFailure) -> Bool {
        if let isListening { return isListening }
        let channel = try exchange([Request(WaitSQL.channel)])[0].rows.first?.text(0)
        // Letters, digits and an underscore: made from the table's number.
        if let channel { try execute("LISTEN \(channel)", within: .seconds(15)) }
        isListening = channel != nil
        return channel != nil
    }

    /// Drops the messages that have come so far, and says how many.
    @discardableResult
    func forgetMessages() -> Int {
        var count = 0
        while let message = PQnotifies(handle) {
            PQfreemem(message)
            count += 1
        }
        return count
    }

    /// Waits for a message, an interrupt, or a moment.
    ///
    /// - Throws: That the connection is lost.
    func waitForMessage(
        until end: ContinuousClock.Instant,
        _ interrupt: Interrupt
    ) throws(PostgreSQLFailure) -> Readiness {
        while true {
            if let message = PQnotifies(handle) {
                PQfreemem(message)
                return .ready
            }
            let wake = Readiness.wait(
                on: PQsocket(handle),
                or: interrupt,
                atMost: ContinuousClock.now.duration(to: end)
            )
            guard wake == .ready else { return wake }
            guard PQconsumeInput(handle) == 1, PQstatus(handle) == CONNECTION_OK else { throw lost() }
        }
    }

    /// What the server answers, in order: a statement's preparation or its result.
    private enum Part {
        case preparation(String)
        case result
    }

    private func send(_ request: Request, parts: inout [Part]) throws(PostgreSQLFailure) {
        let statement = request.statement
        let count = Int32(request.values.count)
        guard !statement.name.isEmpty else {
            let sent = CStrings.with(request.values) {
                PQsendQueryParams(handle, statement.sql, count, nil, $0, nil, nil, 0)
            }
            guard sent == 1 else { throw lost() }
            return parts.append(.result)
        }
        if prepared.insert(statement.name).inserted {
            guard PQsendPrepare(handle, statement.name, statement.sql, 0, nil) == 1 else { throw lost() }
            parts.append(.preparation(statement.name))
        }
        let sent = CStrings.with(request.values) {
            PQsendQueryPrepared(handle, statement.name, count, $0, nil, nil, statement.isBinary ? 1 : 0)
        }
        guard sent == 1 else { throw lost() }
        parts.append(.result)
    }

    private func collect(
        _ parts: [Part],
        within limit: Duration,
        interrupt: Interrupt?
    ) throws(PostgreSQLFailure) -> [PostgreSQLResult] {
        var results: [PostgreSQLResult] = []
        var failure: PostgreSQLFailure?
        for part in parts {
            guard let result = try next(within: limit, interrupt: interrupt) else { throw lost() }
            if failure == nil { failure = result.failure.map(noting) }
            // A session that is to copy does nothing else any more.
            if result.isCopy { isBroken = true }
            if isBroken { break }
            // libpq ends the results of each statement with an empty one.
            guard try next(within: limit, interrupt: interrupt) == nil else { throw lost() }
            switch part {
            case .preparation(let name): if failure != nil { prepared.remove(name) }
            case .result: results.append(result)
            }
        }
        if let failure, isBroken { throw failure }
        guard let end = try next(within: limit, interrupt: nil), end.status == PGRES_PIPELINE_SYNC else { throw lost() }
        if let failure {
            guard PQexitPipelineMode(handle) == 1 else { throw lost() }
            throw failure
        }
        return results
    }

    /// The next result, or nil where libpq has none left for a statement.
    private func next(within limit: Duration, interrupt: Interrupt?) throws(PostgreSQLFailure) -> PostgreSQLResult? {
        var deadline = ContinuousClock.now + limit
        var isCancelling = false
        while PQisBusy(handle) == 1 {
            let rest = isCancelling ? min(deadline - .now, .milliseconds(500)) : deadline - .now
            switch Readiness.wait(on: PQsocket(handle), or: isCancelling ? nil : interrupt, atMost: rest) {
            case .ready:
                guard PQconsumeInput(handle) == 1 else { throw lost() }
            case .interrupted:
                isCancelling = true
                deadline = min(deadline, .now + Interrupt.patience)
                interrupt?.cancel(handle)
            case .timedOut:
                guard ContinuousClock.now < deadline else { throw silent(limit) }
                // A cancellation that comes before the server has begun the statement has no effect: say it again.
                interrupt?.cancel(handle)
            }
        }
        return PQgetResult(handle).map { PostgreSQLResult($0) }
    }

    /// Sends what libpq has gathered; reads meanwhile, so that both sides never wait for each other.
    private func flush(within limit: Duration) throws(PostgreSQLFailure) {
        let deadline = ContinuousClock.now + limit
        while true {
            switch PQflush(handle) {
            case 0: return
            case 1:
                let ready = Readiness.wait(for: .either, on: PQsocket(handle), atMost: deadline - .now)
                guard ready != .timedOut else { throw silent(limit) }
                guard PQconsumeInput(handle) == 1 else { throw lost() }
            default: throw lost()
            }
        }
    }

    /// The connection is lost: libpq's words for it.
    private func lost() -> PostgreSQLFailure {
        isBroken = true
        let message = PostgreSQLFailure.oneLine(String(cString: PQerrorMessage(handle)))
        return PostgreSQLFailure(.unreachable, message: message.isEmpty ? "the connection was lost" : message)
    }

    private func silent(_ limit: Duration) -> PostgreSQLFailure {
        isBroken = true
        return PostgreSQLFailure(.unreachable, message: "the server did not answer for \(limit.components.seconds) s")
    }

    /// Marks the session where the failure ends it.
    private func noting(_ failure: PostgreSQLFailure) -> PostgreSQLFailure {
        if failure.endsConnection || PQstatus(handle) != CONNECTION_OK { isBroken = true }
        return failure
    }
}
