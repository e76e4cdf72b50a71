import Foundation

/// A terminal that a program writes to: made by script(1), which every Debian and Ubuntu has.
enum PseudoTerminal {
    /// Runs `taskrun` with stdout and stderr on a terminal of 80 columns, and returns what it showed.
    static func taskrun(_ arguments: String..., at scratch: Scratch) async throws -> Answer {
        try await run(arguments, at: scratch)
    }

    /// The same for a list of arguments.
    static func run(_ arguments: [String], at scratch: Scratch) async throws -> Answer {
        let answer = try await start(arguments, at: scratch).answer()
        let shown = answer.output.replacingOccurrences(of: "\r\n", with: "\n")
        return Answer(status: answer.status, output: shown, errors: answer.errors)
    }

    /// Starts `taskrun`; what it shows is the output of the call.
    static func start(_ arguments: [String], at scratch: Scratch) throws -> Call {
        let line = ([Scratch.binary] + arguments).map { "'\($0)'" }.joined(separator: " ")
        return try Call(
            ["script", "-qefc", line, "/dev/null"],
            environment: scratch.environment.merging(["TERM": "xterm"]) { own, _ in own },
            folder: scratch.folder
        )
    }
}

extension String {
    /// Without colours.
    var plain: String { replacing(#/\u{1b}\[[0-9;]*m/#, with: "") }

    /// The lines that stand there in the end, without colours and without the progress that was drawn over.
    var lastingLines: [String] {
        plain.split(separator: "\n").map { String($0.split(separator: "\r\u{1b}[K").last ?? "") }
    }
}
