import ArgumentParser
import TaskRun
import Text

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
              taskrun check --warn-late 2m --crit-late 10m --warn-failed 1 --crit-failed 20

              taskrun check --sql > mend.sql

            With --json, each line is an object: level (ok, warning or error), subject, found, advice, sql (a list: \
            the statements that mend it). --sql prints only the statements that make the tables as taskrun makes \
            them, for psql or sqlite3. The exit status is 78 if one of them is an error.

            With a threshold (--warn-…, --crit-…, -w, -c) or -t it is a plugin for Nagios, Icinga and their like: it \
            writes one line with performance data, and ends with 0 (OK), 1 (WARNING), 2 (CRITICAL) or 3 (UNKNOWN). A \
            task is late if a run could claim it now: a task of a paused queue, at a limit, behind a lock key or \
            without a handler is not. If no run comes, as "taskrun status" says it, that is CRITICAL in any case, as \
            is a database that does not answer. A range alarms for numbers outside of it (10 is from 0 to 10), after \
            @ for numbers inside. --json then writes one object: state, text, late (seconds), failed, waiting, running.
            """
    )

    @Flag(help: "Print only the SQL that makes the tables as taskrun makes them.")
    var sql = false
    @OptionGroup var alarms: AlarmOptions
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        if alarms.isGiven { return try await alarm(in: program) }
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

    /// Does what a monitoring plugin does.
    private func alarm(in program: Program) async throws -> ExitStatus {
        let alarm: Alarm
        do {
            let thresholds = try alarms.thresholds()
            let (limit, isJSON, output) = (thresholds.timeout, options.isJSON, program.output)
            let timer = Task {
                try await Task.sleep(for: limit)
                let text = "the database has not answered within \(DurationText.exact(limit))"
                try? output.write(Alarm(.unknown, text).answer(isJSON: isJSON))
                Alarm.State.unknown.status.leave()
            }
            defer { timer.cancel() }
            alarm = try await decide(thresholds, in: program)
        } catch {
            let error = program.programError(error)
            let isDown = [.unreachable, .tryAgain].contains(error.status)
            alarm = Alarm(isDown ? .critical : .unknown, error.text)
        }
        try program.output.write(alarm.answer(isJSON: options.isJSON))
        return alarm.state.status
    }

    private func decide(_ thresholds: AlarmThresholds, in program: Program) async throws -> Alarm {
        let settings = try program.silentSettings(options)
        let own = program.hostView(settings).names ?? []
        let facts = try await program.withStore(settings) { store in
            try await store.requireSchema()
            return try await store.metricsFacts(own)
        }
        return Alarm(facts, thresholds, life: HostProcesses(identity: .ofThisProcess()).life)
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
