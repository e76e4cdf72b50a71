import ArgumentParser
import Handlers
import Logging
import Platform
import SystemPackage
import TaskRun

/// A command: reads its arguments, does its work in a ``Program``, and says how it ended.
protocol ProgramCommand: ParsableCommand {
    /// What every command understands.
    var options: SharedOptions { get }
    /// Does the work.
    ///
    /// - Throws: ``ProgramError`` or StoreError for what a person should read; Errno if the answer could not be
    ///   written.
    func run(in program: Program) async throws -> ExitStatus
    /// What is said in JSON where the work could not be done.
    func answer(to error: ProgramError) -> JSONValue
}

extension ProgramCommand {
    /// What is said in JSON where the work could not be done: `error`, `advice`, `exit`.
    func answer(to error: ProgramError) -> JSONValue { error.json }
}

/// What a command works with: the compiled-in handlers, the environment, and the streams.
struct Program: Sendable {
    /// The name it was started under, for texts that say what to type.
    let name: String
    /// The compiled-in handlers.
    let builtIn: BuiltInHandlers
    /// The environment.
    let variables: [String: String]
    /// stdout.
    let output: Output
    /// stderr.
    let screen: Screen

    /// The name this process was started under: a program with handlers of its own has another one than taskrun.
    static var startedName: String {
        ProcessWords.all.first?.split(separator: "/").last.map(String.init) ?? "taskrun"
    }

    /// Looks at this process.
    init(builtIn: BuiltInHandlers) {
        name = Self.startedName
        self.builtIn = builtIn
        variables = ProcessInfo.processInfo.environment
        output = Output(terminal: Terminal(descriptor: 1, variables: variables))
        screen = Screen(terminal: Terminal(descriptor: 2, variables: variables))
    }

    /// Runs a command, and reports on stderr what went wrong.
    func status(of command: any ProgramCommand) async -> ExitStatus {
        do {
            return try await command.run(in: self)
        } catch Errno.brokenPipe {
            // The reader of the answer has seen enough.
            return .done
        } catch let error as Errno {
            return report(programError(error))
        } catch {
            return refuse(command, programError(error))
        }
    }

    /// What an error that ended a command means to its caller.
    func programError(_ error: any Error) -> ProgramError {
        switch error {
        case let error as ProgramError: error
        case let error as StoreError: ProgramError(error)
        case let error as Errno: ProgramError(.tryAgain, "cannot write the answer: \(error)")
        default: ProgramError(.bug, "\(error)", advice: "This is a bug in \(name): please report it.")
        }
    }

    /// Says why a command failed: in a line on stderr, and with --json also in an object on stdout.
    private func refuse(_ command: any ProgramCommand, _ error: ProgramError) -> ExitStatus {
        if command.options.isJSON { try? output.write(command.answer(to: error).line) }
        return report(error)
    }

    /// The same for arguments of which no command could be made.
    func refuse(_ words: [String], _ error: ProgramError) -> ExitStatus {
        answer(words, error)
        return report(error)
    }

    /// Writes the object alone, where the arguments ask for JSON.
    func answer(_ words: [String], _ error: ProgramError) {
        guard words.prefix(while: { $0 != "--" }).contains("--json") else { return }
        let names = TaskRunCommand.configuration.subcommands.map { $0.configuration.commandName }
        let isOnce = words.first(where: names.contains) == OnceCommand.configuration.commandName
        try? output.write((isOnce ? OnceCommand.answer(to: error) : error.json).line)
    }

    /// Reports an error, and returns its exit code.
    func report(_ error: ProgramError) -> ExitStatus {
        if screen.isJSON {
            screen.write([error.text], level: .error)
        } else {
            let ink = Ink(isOn: screen.terminal.hasColour)
            var lines = screen.terminal.wrap("Error: " + error.text.visible(keepingLines: true))
            lines[0] = ink("Error:", .red) + lines[0].dropFirst("Error:".count)
            screen.write(lines)
        }
        return error.status
    }

    /// Reads the settings, and warns of environment variables that are probably meant for them.
    ///
    /// `flags` are those that only one command has.
    func settings(_ options: SharedOptions, flags: [String: String] = [:]) throws(ProgramError) -> Settings {
        let isAsked = (options.logFormat ?? variables["TASKRUN_LOG_FORMAT"]) == LogFormat.json.rawValue
        if isAsked { writeObjects() }
        let settings = Result { () throws(ProgramError) in try silentSettings(options, flags: flags) }
        if !isAsked, (try? settings.get())?.logFormat == .json { writeObjects() }
        for finding in StrayVariables.findings(variables) {
            // Also where the settings cannot be used: that may be why.
            switch settings {
            case .success(let settings): logger(settings).warning("\(finding.sentence)")
            case .failure: screen.write(finding.sentence)
            }
        }
        return try settings.get()
    }

    /// Writes JSON objects on stderr from now on.
    private func writeObjects() { screen.writeObjects(of: RunIdentity.ofThisProcess().text) }

    /// Reads the settings, for a command that reports what it finds in its own way.
    func silentSettings(_ options: SharedOptions, flags: [String: String] = [:]) throws(ProgramError) -> Settings {
        try Settings(
            flags: options.flags.merging(flags) { $1 },
            config: options.config,
            variables: variables,
            cores: ProcessInfo.processInfo.activeProcessorCount
        )
    }

    /// The log on stderr.
    func logger(_ settings: Settings) -> Logger {
        Logger(label: name) { _ -> any LogHandler in
            screen.isJSON
                ? JSONLogHandler(screen: screen, level: settings.logLevel)
                : PlainLogHandler(screen: screen, level: settings.logLevel)
        }
    }
}
