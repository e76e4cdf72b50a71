/// How a program of a stream handler ended, in words.
struct StreamEnd: Sendable {
    /// Whether it had not sent its hello yet.
    let isStart: Bool
    /// Whether it ended without being asked to, or was ended for breaking the protocol.
    let isCrash: Bool
    /// What happened first, and what the program wrote about it last.
    let text: String

    /// Describes an end.
    ///
    /// - Parameters:
    ///   - path: The program's path.
    ///   - isStart: Whether it had not sent its hello yet.
    ///   - isCrash: Whether it ended without being asked to.
    ///   - status: How it ended.
    ///   - fault: How it broke the protocol, or nil.
    ///   - unfinished: A last line that did not end.
    ///   - errors: What it wrote to stderr.
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

    /// The end of a program that never began.
    init(notStarted why: String) { (isStart, isCrash, text) = (true, true, why) }

    /// The beginning of a line, as evidence.
    static func quote(_ line: [UInt8]) -> String {
        let limit = 200
        let text = String(decoding: line.prefix(limit), as: UTF8.self)
        return "«\(text)»" + (line.count > limit ? " …" : "")
    }
}
