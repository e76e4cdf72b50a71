import TaskRun

/// Decides what the end of an executable means, after sysexits.h.
enum ExitMeaning {
    /// EX_TEMPFAIL: not now.
    static let later: Int32 = 75
    /// EX_DATAERR, EX_NOPERM, EX_CONFIG: no attempt can succeed.
    static let permanent: Set<Int32> = [65, 77, 78]

    /// Turns the end of an executable into an outcome.
    ///
    /// - Parameters:
    ///   - end: How it ended and what it wrote.
    ///   - wishes: What it wrote to `TASKRUN_OUTPUT`.
    ///   - wasCancelled: Whether it was asked to stop. A program that then dies of the signal, or ends with the status
    ///     that a shell gives for that, was stopped; any other status counts as its own.
    ///   - interpreter: The first line of the script, without `#!`, or nil for another program.
    /// - Returns: How the attempt ended.
    static func outcome(
        of end: ChildProcess.End,
        wishes: HandlerOutput,
        wasCancelled: Bool,
        interpreter: @autoclosure () -> String? = nil
    ) -> HandlerOutcome {
        let said = end.errors.text
        switch end.status {
        case .exited(0):
            return .succeeded(result: end.output.head, size: end.output.isCut ? end.output.total : nil)
        case .signaled(let number):
            if wasCancelled { return .stopped }
            return .failed(error: text("killed by \(Signals.describe(number))", said), retryAfter: wishes.retryAfter)
        case .killedForSignal:
            if wasCancelled { return .stopped }
            return .failed(error: text(sentSignal, said), retryAfter: wishes.retryAfter)
        case .exited(let status):
            if wasCancelled && (status == 128 + 15 || status == 128 + 9) { return .stopped }
            if status == later {
                return .later(after: wishes.retryAfter, note: wishes.note ?? (said.isEmpty ? nil : said))
            }
            let error = text(describe(status, interpreter()), said.isEmpty ? wishes.note ?? "" : said)
            if permanent.contains(status) { return .permanentlyFailed(error: error) }
            return .failed(error: error, retryAfter: wishes.retryAfter)
        }
    }

    /// The error for a program that tried to stop its run.
    static let sentSignal = "it sent its own run a stop signal, and was killed for that; the run continues"

    /// An exit status for people, with the meaning that a shell gives it.
    static func describe(_ status: Int32, _ interpreter: String?) -> String {
        switch status {
        case 126: "exit status 126 (a command in it could not be run)"
        case 127: "exit status 127 (a command was not found\(interpreter.map { "; its first line is #!\($0)" } ?? ""))"
        default: "exit status \(status)"
        }
    }

    /// What happened, followed by what the program wrote about it.
    static func text(_ what: String, _ said: String) -> String {
        said.isEmpty ? "\(what), nothing on stderr" : "\(what): \(said)"
    }
}
