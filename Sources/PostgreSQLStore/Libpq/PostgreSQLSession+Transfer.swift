import CPostgreSQL
import Platform
import TaskRun

extension PostgreSQLSession {
    /// The server's answers, in order: a statement's preparation or its result.
    private enum Part {
        case preparation(String)
        case result(isPrepared: Bool)
    }

    /// Sends the statements as they are, in one go, and waits for the results of all.
    @discardableResult
    func transfer(
        _ requests: [Request],
        within limit: Duration,
        interrupt: WakeUp?
    ) throws(PostgreSQLFailure) -> [PostgreSQLResult] {
        try requireReadable()
        guard PQenterPipelineMode(handle) == 1 else { throw lost() }
        var parts: [Part] = []
        for request in requests { try send(request, parts: &parts) }
        guard PQpipelineSync(handle) == 1 else { throw lost() }
        try flush(within: limit)
        let results = try collect(parts, within: limit, interrupt: interrupt)
        guard PQexitPipelineMode(handle) == 1 else { throw lost() }
        return results
    }

    private func send(_ request: Request, parts: inout [Part]) throws(PostgreSQLFailure) {
        let statement = request.statement
        let count = Int32(request.values.count)
        let format: Int32 = statement.isBinary ? 1 : 0
        guard !statement.name.isEmpty, link == .direct else {
            let sent = CStrings.with(request.values) {
                PQsendQueryParams(handle, statement.sql, count, nil, $0, nil, nil, format)
            }
            guard sent == 1 else { throw lost() }
            return parts.append(.result(isPrepared: false))
        }
        if prepared.insert(statement.name).inserted {
            guard PQsendPrepare(handle, statement.name, statement.sql, 0, nil) == 1 else { throw lost() }
            parts.append(.preparation(statement.name))
        }
        let sent = CStrings.with(request.values) {
            PQsendQueryPrepared(handle, statement.name, count, $0, nil, nil, format)
        }
        guard sent == 1 else { throw lost() }
        parts.append(.result(isPrepared: true))
    }

    private func collect(
        _ parts: [Part],
        within limit: Duration,
        interrupt: WakeUp?
    ) throws(PostgreSQLFailure) -> [PostgreSQLResult] {
        var results: [PostgreSQLResult] = []
        var failure: PostgreSQLFailure?
        for part in parts {
            guard let result = try next(within: limit, interrupt: interrupt) else { throw lost() }
            if failure == nil { failure = result.failure.map { noting($0, of: part) } }
            // A session in COPY can do nothing else any more.
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
        guard var end = try next(within: limit, interrupt: nil) else { throw lost() }
        if let refusal = end.failure {
            // Without BEGIN and COMMIT the server commits here: a deferred constraint may refuse that.
            failure = failure ?? noting(refusal)
            if isBroken { throw refusal }
            while end.status != PGRES_PIPELINE_SYNC {
                // libpq may end what it takes for a statement's results with an empty one.
                var rest = try next(within: limit, interrupt: nil)
                if rest == nil { rest = try next(within: limit, interrupt: nil) }
                guard let rest else { throw lost() }
                end = rest
            }
        }
        guard end.status == PGRES_PIPELINE_SYNC else { throw lost() }
        if let failure {
            guard PQexitPipelineMode(handle) == 1 else { throw lost() }
            throw failure
        }
        return results
    }

    /// Marks the session if the failure ends it, and the failure if it is about a kept plan.
    private func noting(_ failure: PostgreSQLFailure, of part: Part) -> PostgreSQLFailure {
        let failure = noting(failure)
        guard failure.state == PostgreSQLFailure.featureNotSupported, case .result(isPrepared: true) = part else {
            return failure
        }
        return failure.ofKeptPlan
    }

    /// The next result, or nil if libpq has no more for a statement.
    func next(within limit: Duration, interrupt: WakeUp?) throws(PostgreSQLFailure) -> PostgreSQLResult? {
        var deadline = ContinuousClock.now + limit
        var (isCancelling, isLate) = (false, false)
        while PQisBusy(handle) == 1 {
            let rest = isCancelling ? min(deadline - .now, .milliseconds(500)) : deadline - .now
            switch Readiness.wait(on: PQsocket(handle), or: isCancelling ? nil : interrupt, atMost: rest) {
            case .ready:
                guard PQconsumeInput(handle) == 1 else { throw lost() }
            case .interrupted:
                isCancelling = true
                deadline = min(deadline, .now + Cancellation.patience)
                Cancellation.cancel(handle)
            case .timedOut:
                if ContinuousClock.now >= deadline {
                    guard !isCancelling else { throw silent(limit) }
                    // After a COMMIT the server waits for its synchronous standby without end, even if the client is
                    // gone.
                    (isCancelling, isLate, deadline) = (true, true, .now + Cancellation.patience)
                }
                // A cancellation that arrives before the server has begun the statement has no effect: repeat it.
                Cancellation.cancel(handle)
            }
        }
        let result = PQgetResult(handle).map { PostgreSQLResult($0, noting: misreading) }
        if isLate, let result, result.failure == nil { wasLate = true }
        return result
    }

    /// Sends what libpq has buffered, and reads meanwhile, so that the two sides never wait for each other.
    func flush(within limit: Duration) throws(PostgreSQLFailure) {
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

    /// Ends the session if an answer could not be read.
    ///
    /// - Throws: That it could not.
    func requireReadable() throws(PostgreSQLFailure) {
        guard misreading.isNoted else { return }
        isBroken = true
        throw Misreading.failure
    }

    /// The failure of a lost connection, in libpq's words.
    func lost() -> PostgreSQLFailure {
        isBroken = true
        let message = PostgreSQLFailure.oneLine(String(cString: PQerrorMessage(handle)))
        return PostgreSQLFailure(.unreachable, message: message.isEmpty ? "the connection was lost" : message)
    }

    private func silent(_ limit: Duration) -> PostgreSQLFailure {
        isBroken = true
        return PostgreSQLFailure(.unreachable, message: "the server did not answer for \(limit.components.seconds) s")
    }

    /// Marks the session if the failure ends it.
    func noting(_ failure: PostgreSQLFailure) -> PostgreSQLFailure {
        if failure.endsConnection || PQstatus(handle) != CONNECTION_OK { isBroken = true }
        return failure
    }
}
