import Platform
import TaskRun

/// One run of a script, on a session of its own.
struct ScriptRun: Sendable {
    enum Ending: Sendable {
        /// The outcome is known.
        case known(ScriptOutcome)
        /// The answer to COMMIT was lost.
        case doubtful(PostgreSQLFailure)
    }

    /// The server's limit is in whole milliseconds and on its own clock, so it may come a little early.
    private static let tick: Duration = .milliseconds(100)

    let settlement: Settlement
    let timeLimit: Duration
    let interrupt: WakeUp

    /// Deletes the row, runs the statements and commits; the connection undoes what is left open.
    func perform(_ script: BoundScript, in session: PostgreSQLSession) throws(PostgreSQLFailure) -> Ending {
        let deadline = ContinuousClock.now + timeLimit
        let proof = settlement.proof
        let settle = Request(ScriptSQL.settle, [String(proof.id), String(proof.number)])
        var (key, waited): (String?, String?) = (nil, nil)
        for (number, request) in ([settle] + script.requests).enumerated() {
            let place = number == 0 ? "before the script began" : "in statement \(number) of the script"
            if interrupt.isAwake { return .known(.failed(error: "cancelled \(place)")) }
            let rest = deadline - .now
            guard rest > .zero else { return .known(.failed(error: overdue(place))) }
            let limit = Request(ScriptSQL.limit, [Self.milliseconds(rest)])
            do {
                // The server's own limit comes first; the longer one is for a silent server.
                let patience = rest + .seconds(5)
                guard number == 0 else {
                    try session.exchange([limit, request], within: patience, interrupt: interrupt)
                    continue
                }
                // The task's result is kept before its row is deleted, as it is read from the row.
                let opening = [.begin, limit, Names.use(session.names.own)] + ResultSQL.keep([settlement], now: nil)
                let exchange = opening + [request, Names.use(session.names.users)]
                let answers = try session.exchange(exchange, within: patience, interrupt: interrupt)
                guard let row = answers[ScriptSQL.settle].first else {
                    return .known(try isStillOurs(in: session) ? .failed(error: Self.skipped) : .leaseLost)
                }
                (key, waited) = (row.textIfAny("lock_key"), row.textIfAny("waited"))
            } catch {
                guard !error.endsConnection else { throw error }
                return .known(outcome(of: error, place: place, isLate: deadline - .now < Self.tick))
            }
        }
        if interrupt.isAwake { return .known(.failed(error: "cancelled before the script was committed")) }
        do {
            let line = HistorySQL.noteLine(settlement, waited: waited, session.keeper)
            if key != nil || settlement.batch != nil || line != nil {
                try endDependents(key, noting: line, in: session)
            }
            try session.exchange([.commit])
            return .known(.done)
        } catch {
            guard !error.endsConnection else { return .doubtful(error) }
            return .known(outcome(of: error, place: "at the end of the script", isLate: false))
        }
    }

    /// Notes how the task ended, makes the next task of the lock key claimable, and counts the end in the batch.
    ///
    /// Work deferred to the end of the transaction then uses the script's names again.
    private func endDependents(
        _ key: String?,
        noting line: Request?,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) {
        let path = try useOwnNames(noting: line, in: session)
        if key != nil || settlement.batch != nil {
            try session.exchange(LockSQL.letGo([key].compactMap(\.self)))
            try Batches(session: session).end(BatchCounts([settlement], [.settled]), now: nil)
        }
        try session.exchange([Names.use(path)])
    }

    /// Uses the names of taskrun's own statements, and notes how the task ended; if that is refused, the script's work
    /// stands all the same.
    ///
    /// - Returns: The names that the script used.
    private func useOwnNames(
        noting line: Request?,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> String {
        let opening = [Names.show, Names.use(session.names.own)]
        guard let line else {
            return try session.exchange(opening)[SessionSQL.showNames].only.text("search_path")
        }
        do throws(PostgreSQLFailure) {
            let answers = try session.exchange([.mark] + opening + [line, .keep])
            return answers[SessionSQL.showNames].only.text("search_path")
        } catch {
            guard error.isRefusal else { throw error }
            session.keeper.blame(HistoryKeeper.error(error.storeError(subject: ""), in: session.address.location))
            let answers = try session.exchange([.undo, .keep] + opening)
            return answers[SessionSQL.showNames].only.text("search_path")
        }
    }

    /// Why a script is undone if the task's row cannot be deleted.
    private static let skipped = "the task's row cannot be deleted, so the script is undone: \(StoreError.skipped)"

    /// Whether the row still carries the claim although a DELETE has not removed it.
    private func isStillOurs(in session: PostgreSQLSession) throws(PostgreSQLFailure) -> Bool {
        let look = Request(ScriptSQL.fate, [String(settlement.proof.id), String(settlement.proof.number)])
        let answers = try session.exchange([Names.use(session.names.own), look])
        return answers[ScriptSQL.fate].first?.bool("is_ours") ?? false
    }

    /// Finds out on a new session what became of a COMMIT whose answer was lost.
    ///
    /// - Returns: The outcome, or nil if the run still holds the task and nothing was changed.
    func fate(in session: PostgreSQLSession) throws(PostgreSQLFailure) -> ScriptOutcome? {
        let answers = try session.exchange([
            .begin, Request(ScriptSQL.limit, ["10000"]), Names.use(session.names.own),
            Request(ScriptSQL.fate, [String(settlement.proof.id), String(settlement.proof.number)]), .commit,
        ])
        guard let row = answers[ScriptSQL.fate].first else { return .done }
        return row.bool("is_ours") ? nil : .leaseLost
    }

    /// The outcome of a script of which a statement failed while the connection lives: all is undone.
    private func outcome(of failure: PostgreSQLFailure, place: String, isLate: Bool) -> ScriptOutcome {
        let words = explain(failure, place: place, isLate: isLate)
        let isOurs = failure.state == "57014" && (interrupt.isAwake || isLate)
        guard !isOurs, failure.isTroubleOfServer else { return .failed(error: words) }
        return .undone(why: words, isConflict: failure.isConflict)
    }

    private func explain(_ failure: PostgreSQLFailure, place: String, isLate: Bool) -> String {
        if failure.state == "57014" && interrupt.isAwake { return "cancelled \(place)" }
        if failure.state == "57014" && isLate { return overdue(place) }
        return "\(place): \(failure.message)" + (failure.state.map { " (SQLSTATE \($0))" } ?? "")
    }

    private func overdue(_ place: String) -> String { "the time limit of \(timeLimit) passed \(place)" }

    private static func milliseconds(_ duration: Duration) -> String {
        String(Int(min(max(duration / .milliseconds(1), 1), Double(Int32.max))))
    }
}
