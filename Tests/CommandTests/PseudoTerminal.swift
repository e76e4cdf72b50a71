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

    /// Runs `taskrun` on a terminal of this size, and returns the lines that it showed, without colours.
    static func lines(_ arguments: [String], columns: Int, at scratch: Scratch) async throws -> [String] {
        let answer = try await start(arguments, size: (columns, 24), at: scratch).answer()
        return answer.output.plain.split(separator: "\r\n").map(String.init)
    }

    /// Starts `taskrun`; what it shows is the output of the call.
    ///
    /// - Parameters:
    ///   - arguments: What it is started with.
    ///   - size: The columns and rows of the terminal, or nil for one that does not say; 80 columns are taken then.
    ///   - scratch: Where.
    /// - Returns: The call.
    /// - Throws: What keeps it from being started.
    static func start(
        _ arguments: [String],
        size: (columns: Int, rows: Int)? = nil,
        at scratch: Scratch
    ) throws -> Call {
        let command = ([Scratch.binary] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let line = size.map { "stty columns \($0.columns) rows \($0.rows); exec \(command)" } ?? command
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
