import TaskRun

/// What `result`, `wait` and `add --wait` answer: the result alone on stdout, everything else on stderr.
struct TokenAnswer {
    let program: Program
    let isJSON: Bool

    /// Writes one state, or that nothing is known of the token if it is nil.
    ///
    /// - Returns: The exit code that says it.
    /// - Throws: Errno where the answer cannot be written.
    func tell(_ state: TokenState?, of token: String) throws -> ExitStatus {
        if isJSON {
            try program.output.write(state?.json.line ?? TokenState.unknownJSON(token).line)
            return state?.exitStatus ?? .noInput
        }
        guard let state else {
            throw ProgramError(
                .noInput,
                "nothing is known of this token",
                advice: "It was never used, or its result was removed after its time (setting keep_result)."
            )
        }
        if state.state == .complete { try write(state.result) }
        if state.state != .complete || state.isCut { program.screen.write(state.sentence) }
        return state.exitStatus
    }

    /// Tells the states of several tokens, a line each.
    ///
    /// - Returns: The first of 75, 66, 1 and 2 that is the exit status of one of them, or else 0.
    /// - Throws: Errno where the answer cannot be written.
    func tell(_ states: [(token: String, state: TokenState?)]) throws -> ExitStatus {
        try program.output.write(
            states.map { token, state in
                if isJSON { return state?.json.line ?? TokenState.unknownJSON(token).line }
                return "\(token.visible()) \(state.map { $0.sentence.gist } ?? "UNKNOWN")"
            }
        )
        let all = states.map { $0.state?.exitStatus ?? .noInput }
        return [.tryAgain, .noInput, .incomplete, .cancelled].first(where: all.contains) ?? .done
    }

    private func write(_ result: [UInt8]) throws {
        guard program.output.terminal.isTerminal else { return try program.output.write(bytes: result) }
        // On a terminal the line is ended anyway: once is enough.
        let text = String(decoding: result.last == 0x0a ? result.dropLast() : result[...], as: UTF8.self)
        try program.output.write(text.visible(keepingLines: true))
    }
}

/// Waits until tasks with tokens have ended.
struct TokenWatch {
    let store: any TaskDatabase
    let screen: Screen

    /// How long to wait between two looks.
    static let pause = Duration.milliseconds(125)

    /// Looks again and again until all have ended, nothing is known of one, the moment has come, or it is to stop.
    ///
    /// - Returns: The states, in the tokens' order.
    /// - Throws: What the store throws.
    func wait(
        for tokens: [String],
        until end: ContinuousClock.Instant?,
        stop: StopSignal
    ) async throws -> [(token: String, state: TokenState?)] {
        let began = ContinuousClock.now
        var known: [String: TokenState] = [:]
        var open = tokens
        defer { screen.write([], progress: "") }
        while true {
            let states = try await store.states(of: open)
            for state in states { known[state.token] = state }
            let lost = open.filter { token in !states.contains { $0.token == token } }
            for token in lost { known[token] = nil }
            open.removeAll { lost.contains($0) || known[$0]?.state.isEnd == true }
            let isOver = end.map { ContinuousClock.now >= $0 } ?? false
            guard !open.isEmpty, !isOver, stop.requests == 0 else { break }
            screen.write([], progress: line(known, open: open, of: tokens, after: began.duration(to: .now)))
            let next = ContinuousClock.now + Self.pause
            try await Task.sleep(until: end.map { min($0, next) } ?? next, clock: .continuous)
        }
        return tokens.map { ($0, known[$0]) }
    }

    private func line(
        _ known: [String: TokenState],
        open: [String],
        of tokens: [String],
        after time: Duration
    ) -> String {
        if tokens.count == 1, let state = open.first.flatMap({ known[$0] }) { return state.progressLine(after: time) }
        return ProgressBar(doing: "Waiting").line(tokens.count - open.count, of: tokens.count, after: time)
    }
}
