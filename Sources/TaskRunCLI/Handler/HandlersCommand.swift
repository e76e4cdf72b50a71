import ArgumentParser
import TaskRun
import Text

/// `taskrun handlers`: what this host can perform.
struct HandlersCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "handlers",
        abstract: "List the handlers of this host: task name, kind and origin.",
        discussion: """
              taskrun handlers
              taskrun handlers --handlers /srv/app/handlers --json

            With --json, each line is an object: task_name, kind (swift, executable, stream or sql), origin, \
            timeout_seconds, max_attempts. It does not connect to the database. The exit status is 78 if the folder or a \
            handler in it cannot be used, or cannot be started.
            """
    )

    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let list = try HandlerList(program, settings, executables: settings.executables(program))
        let limits = settings.runSettings(list.registry)
        let output = program.output
        if options.isJSON {
            try output.write(list.registry.all.map { Self.json($0, limits) })
        } else if list.registry.all.isEmpty {
            try output.write(
                "No handlers. Put one into the folder \(settings.handlers), or name another with --handlers."
            )
        } else {
            try output.write(Self.table(list.registry.all, limits).lines(on: output.terminal))
        }
        let ink = Ink(isOn: program.screen.terminal.hasColour)
        let path = program.variables["PATH"] ?? "/bin:/usr/bin"
        let dead = list.troubles(searchPath: path).map { $0.trouble.finding("handlers", $0.handler) }
        let findings = list.findings + dead
        program.screen.write(
            findings.map { ink($0.level.rawValue, $0.level.colour) + ": " + $0.sentence.visible() }
        )
        return findings.contains { $0.level == .error } ? .settings : .done
    }

    private static func table(_ handlers: [any Handler], _ limits: RunSettings) -> TextTable {
        var table = TextTable([
            .name("task name"), .text("kind"), .number("timeout"), .number("attempts"), .name("from"),
        ])
        for handler in handlers {
            table.add([
                "\(handler.name)",
                "\(handler.kind.rawValue)",
                "\(DurationText.write(limits.timeout(of: handler)))",
                "\(limits.retryPolicy(for: handler).maxAttempts)",
                "\(handler.origin)",
            ])
        }
        return table
    }

    private static func json(_ handler: any Handler, _ limits: RunSettings) -> JSONValue {
        [
            "task_name": .text(handler.name),
            "kind": .text(handler.kind.rawValue),
            "origin": .text(handler.origin),
            "timeout_seconds": .seconds(limits.timeout(of: handler)),
            "max_attempts": .number(limits.retryPolicy(for: handler).maxAttempts),
        ]
    }
}

extension RunSettings {
    /// The time limit where the row says nothing.
    fileprivate func timeout(of handler: any Handler) -> Duration {
        limits[handler.name]?.timeout ?? handler.limits.timeout ?? timeout
    }
}

extension Finding.Level {
    /// Its colour on a terminal.
    var colour: Ink.Colour {
        switch self {
        case .ok: .green
        case .warning: .yellow
        case .error: .red
        }
    }
}
