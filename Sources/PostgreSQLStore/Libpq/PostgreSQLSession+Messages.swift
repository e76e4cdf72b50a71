import Platform
import CPostgreSQL

extension PostgreSQLSession {
    /// Listens for the triggers' notifications, once in a session, if they arrive here.
    ///
    /// - Returns: Whether they do.
    func listen() throws(PostgreSQLFailure) -> Bool {
        if let isListening { return isListening }
        // Letters, digits and an underscore: made from the table's number.
        let channel = try rows(of: Request(WaitSQL.channel)).first?.text("channel")
        if let channel, try receivesNotifications() {
            try execute(BuiltSQL.listen(to: channel), within: .seconds(15))
            isListening = true
        } else {
            isListening = false
        }
        return isListening ?? false
    }

    /// Ends what ``listen()`` began, if other programs share the session.
    func stopListening() {
        guard link == .pooled, isListening == true, isUsable() else { return }
        // The pooler does this too, unless it is set not to.
        try? execute(BuiltSQL.unlisten("*"), within: .seconds(5))
    }

    /// Drops the notifications that have come so far, and returns how many.
    @discardableResult
    func forgetMessages() -> Int {
        var count = 0
        while let message = PQnotifies(handle) {
            PQfreemem(message)
            count += 1
        }
        return count
    }

    /// Waits for a notification, an interrupt, or a moment.
    ///
    /// - Throws: That the connection is lost.
    func waitForMessage(
        until end: ContinuousClock.Instant,
        _ interrupt: WakeUp
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
}
