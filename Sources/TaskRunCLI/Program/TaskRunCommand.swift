import ArgumentParser
import TaskRun
import Text

/// The root: what is common to all commands, and their list.
struct TaskRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Program.startedName,
        abstract: "Run background tasks with nothing but a table and cron.",
        discussion: """
            Any program adds a task with one INSERT into the table "tasks"; cron starts "taskrun once" each minute.

              taskrun migrate                            create the tables
              taskrun add GREETING '{"name":"Ada"}'      add a task
              taskrun once                               perform what is due

            Each setting comes from the flag, the environment (TASKRUN_DATABASE, TASKRUN_CONFIG, …), the settings \
            file, or the default: from the first of these that has it. You may write the options below before or \
            after the command.
            """,
        version: Version.text,
        subcommands: [
            MigrateCommand.self, OnceCommand.self, AddCommand.self, StatusCommand.self, ListCommand.self,
            ShowCommand.self, WhyCommand.self, HistoryCommand.self, RunsCommand.self, BatchesCommand.self,
            TopCommand.self, StatsCommand.self, MetricsCommand.self, RetryCommand.self, DeleteCommand.self,
            PruneCommand.self, ResultCommand.self, WaitCommand.self, CancelCommand.self, QueuesCommand.self,
            PauseCommand.self, ResumeCommand.self, LimitCommand.self, HandlersCommand.self, CheckCommand.self,
            BenchCommand.self, BenchRunCommand.self,
        ]
    )

    @OptionGroup var options: SharedOptions
}

/// The root for what cron starts: the parser looks neither for other commands nor for a request of a completion script.
///
/// That search takes a fifth of a run with nothing to do. The parser skips it only for a root below another command.
struct OnceRoot: ParsableCommand {
    static let configuration = CommandConfiguration(
        _superCommandName: Program.startedName,
        subcommands: [OnceCommand.self]
    )

    @OptionGroup var options: SharedOptions

    /// The command if these arguments are a well-formed `once`, or nil; then ``TaskRunCommand`` reads them.
    static func command(in arguments: [String]) -> OnceCommand? {
        guard arguments.contains("once") else { return nil }
        return try? parseAsRoot(arguments) as? OnceCommand
    }
}

/// The word on the command line that names the command.
enum CommandWord {
    /// All of them that are shown.
    static var known: [String] {
        TaskRunCommand.configuration.subcommands.map { $0.configuration }
            .filter(\.shouldDisplay).compactMap(\.commandName) + ["help"]
    }

    /// What to say if the parser did not understand the arguments because that word is misspelled, or nil if it is not.
    static func mistake(in arguments: [String]) -> ProgramError? {
        var rest = arguments[...]
        while let argument = rest.first, argument.hasPrefix("-") {
            let name = argument.prefix { $0 != "=" }
            let takesValue = ["--database", "--config", "--handlers", "--hooks", "--log-level", "--log-format"]
                .contains(name)
            // An option that is not known: the parser has an answer to that.
            guard takesValue || name == "--json" else { return nil }
            rest = rest.dropFirst(takesValue && name == argument ? 2 : 1)
        }
        let known = Self.known
        // "help once" names two.
        guard let word = rest.first(where: { $0 != "help" }), !word.hasPrefix("-"), !known.contains(word) else {
            return nil
        }
        let nearest = Spelling.nearest(to: word, among: known)
        return ProgramError(
            .usage,
            "unknown command \"\(Secrets.isAddress(word) ? "…" : word)\""
                + (nearest.map { " (did you mean \"\($0)\"?)" } ?? ""),
            advice: "Known are: \(known.joined(separator: ", "))."
        )
    }
}

/// Which taskrun this is.
enum Version {
    static let text = "0.1.0"
}
