import CPostgreSQL
import TaskRun

/// Finds out why a connection was not made.
///
/// libpq says it only in words, and these depend on the language. If the server itself refused, this connects once more
/// and lets libpq show the SQLSTATE, to tell a wrong password from a server that is starting.
enum ConnectionRefusal {
    /// How long the second attempt may take.
    private static let patience: Duration = .seconds(5)

    static func explain(
        _ handle: OpaquePointer,
        _ parameters: [(keyword: String, value: String)],
        after time: Duration
    ) -> PostgreSQLFailure {
        let message = String(cString: PQerrorMessage(handle))
        if PQconnectionNeedsPassword(handle) == 1 {
            return PostgreSQLFailure(.database, state: "28P01", message: message)
        }
        if let trouble = ConnectionTrouble.find(in: message) { return trouble }
        // After the time limit there was silence, not a refusal: to ask again would only double the wait.
        let limit = PostgreSQLAddress.options(PQconninfo(handle))?["connect_timeout"].flatMap { Int($0) } ?? 0
        guard limit < 1 || time < .seconds(limit) else { return PostgreSQLFailure(.unreachable, message: message) }
        if case .refused(let state) = askAgain(parameters) { return PostgreSQLFailure(state: state, message: message) }
        // There may be servers, but none that takes writes, as the address wants it.
        if case .accepted(isReadOnly: true) = askAgain(parameters + [("target_session_attrs", "any")]) {
            return PostgreSQLFailure(state: "25006", message: message)
        }
        return PostgreSQLFailure(.unreachable, message: message)
    }

    /// The result of the second attempt.
    enum Answer: Equatable {
        /// The server refused, with this SQLSTATE.
        case refused(String)
        /// The server accepts now.
        case accepted(isReadOnly: Bool)
        /// No answer came.
        case none
    }

    /// Connects once more, to see the server's answer.
    static func askAgain(_ parameters: [(keyword: String, value: String)]) -> Answer {
        let started = CStrings.with(parameters.map(\.keyword) + [nil]) { keywords in
            CStrings.with(parameters.map(\.value) + [nil]) { values in PQconnectStartParams(keywords, values, 1) }
        }
        guard let handle = started else { return .none }
        defer { PQfinish(handle) }
        PQsetErrorVerbosity(handle, PQERRORS_SQLSTATE)
        let deadline = ContinuousClock.now + patience
        var step = PQstatus(handle) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while step == PGRES_POLLING_READING || step == PGRES_POLLING_WRITING {
            let event: Readiness.Event = step == PGRES_POLLING_WRITING ? .writing : .reading
            let ready = Readiness.wait(for: event, on: PQsocket(handle), atMost: deadline - .now)
            guard ready != .timedOut else { return .none }
            step = PQconnectPoll(handle)
        }
        if step == PGRES_POLLING_FAILED {
            return state(in: String(cString: PQerrorMessage(handle))).map { .refused($0) } ?? .none
        }
        // From version 14 on the server reports these when a client connects.
        func isOn(_ name: String) -> Bool {
            PQparameterStatus(handle, name).map { String(cString: $0) == "on" } ?? false
        }
        let isReadOnly = isOn("in_hot_standby") || isOn("default_transaction_read_only")
        return .accepted(isReadOnly: isReadOnly)
    }

    /// The SQLSTATE at the end of `… failed: FATAL:  28P01`, in the last line that ends with one.
    ///
    /// libpq adds a line that names the password's file.
    static func state(in message: String) -> String? {
        message.split(whereSeparator: \.isNewline).reversed().lazy.compactMap { state(atEndOf: $0) }.first
    }

    private static func state(atEndOf message: Substring) -> String? {
        guard let word = message.split(whereSeparator: \.isWhitespace).last, word.utf8.count == 5 else { return nil }
        let isState = word.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
        }
        return isState && message.contains(":") ? String(word) : nil
    }
}
