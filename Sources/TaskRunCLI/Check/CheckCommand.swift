import ArgumentParser
import TaskRun

/// `taskrun check`: what is wrong, and what to do.
struct CheckCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Check settings, database, handlers, hooks, runtime directory, clock and cron; "
            + "say what is wrong and what to do.",
        discussion: """
              taskrun check
              taskrun check --json | jq -r 'select(.level != "ok") | .advice'

              taskrun check --sql > mend.sql

            With --json, each line is an object: level (ok, warning or error), subject, found, advice, sql (a list: \
            the statements that mend it). --sql prints only the statements that make the tables as taskrun makes \
            them, for psql or sqlite3. The exit status is 78 if one of them is an error.
            """
    )

    @Flag(help: "Print only the SQL that makes the tables as taskrun makes them.")
    var sql = false
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let findings = await Checks(program, options).findings()
        let output = program.output
        if sql {
            try output.write(findings.filter { $0.level == .error }.flatMap(\.sql).map(\.asStatement))
        } else if options.isJSON {
            try output.write(findings.map(\.json))
        } else {
            let ink = Ink(isOn: output.terminal.hasColour)
            try output.write(findings.flatMap { $0.lines(ink, on: output.terminal) })
        }
        return findings.contains { $0.level == .error } ? .settings : .done
    }
}

extension Finding {
    /// A line with what was found, and one with what to do.
    fileprivate func lines(_ ink: Ink, on terminal: Terminal) -> [String] {
        let mark = level == .ok ? "✓" : level == .warning ? "!" : "✗"
        var lines = terminal.wrap("\(mark) \(subject.padded(18)) \(found.visible())", hanging: 21)
        lines[0] = ink(mark, level.colour) + lines[0].dropFirst(1)
        let space = String(repeating: " ", count: 21)
        return lines + (advice.map { terminal.wrap("\(space)→ \($0.visible())", hanging: 23) } ?? [])
            + sql.flatMap { $0.asStatement.split(separator: "\n").map { "    \(String($0).visible())" } }
    }

    /// `level`, `subject`, `found`, `advice`, `sql`.
    fileprivate var json: JSONValue {
        [
            "level": .text(level.rawValue), "subject": .text(subject), "found": .text(found), "advice": .text(advice),
            "sql": .list(sql.map { .text($0) }),
        ]
    }
}

extension String {
    /// With its end; a command of the database's shell has none.
    fileprivate var asStatement: String { hasPrefix(".") || hasSuffix(";") ? self : self + ";" }
}
