/// How a program of a stream handler ended, in words.
struct StreamEnd: Sendable {
    /// Whether it had not said hello yet.
    let isStart: Bool
    /// Whether nobody had asked it to end, or it was ended for what it did.
    let isCrash: Bool
    /// What happened first, what it said of it last.
    let text: String

    /// Puts an end into words.
    ///
    /// - Parameters:
    ///   - path: The program's path.
    ///   - isStart: Whether it had not said hello yet.
    ///   - isCrash: Whether nobody had asked it to end.
    ///   - status: How it ended.
    ///   - fault: What it did against the protocol; nil: nothing.
    ///   - unfinished: A last line that did not end.
    ///   - errors: What it said on stderr.
    init(
        path: String,
        isStart: Bool,
        isCrash: Bool,
        status: ProgramEnd,
        fault: String?,
        unfinished: [UInt8],
        errors: String
    ) {
        (self.isStart, self.isCrash) = (isStart, isCrash)
        let what: String
        if let fault {
            what = "the program was ended: \(fault)"
        } else {
            let ended =
                switch status {
                case .exited(let status): ExitMeaning.describe(status, SpawnFailure.interpreterLine(ofFile: path))
                case .signaled(let number): "killed by \(Signals.describe(number))"
                case .killedForSignal: ExitMeaning.sentSignal
                }
            let line = unfinished.isEmpty ? "" : ", in the middle of a line: \(Self.quote(unfinished))"
            what = "the program ended before it \(isStart ? "said hello" : "answered") (\(ended)\(line))"
        }
        text = ExitMeaning.text((isStart ? "cannot start \(path): " : "") + what, errors)
    }

    /// It never began.
    init(notStarted why: String) { (isStart, isCrash, text) = (true, true, why) }

    /// The beginning of a line as evidence.
    static func quote(_ line: [UInt8]) -> String {
        let limit = 200
        let text = String(decoding: line.prefix(limit), as: UTF8.self)
        return "«\(text)»" + (line.count > limit ? " …" : "")
    }
}
