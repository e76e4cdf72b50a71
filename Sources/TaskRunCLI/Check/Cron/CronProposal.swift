import Platform
import TaskRun

/// The line that starts runs of these tables, for people to copy.
struct CronProposal {
    /// The program's name.
    let program: String
    /// What `check` was asked about.
    let settings: Settings

    /// The program's file.
    var file: String { (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? program }

    /// The line for this database, with the password left out.
    var text: String {
        let secret = settings.database.hasSecret && CommandWords.alone(settings)?.database != settings.database
        return "* * * * *  \(command) (with --linger, tasks start as soon as they are added)"
            + (secret ? "; the password goes into ~/.pgpass, or the whole address into a settings file" : "")
    }

    /// The command for cron, which has neither this folder, nor this environment, nor this PATH.
    private var command: String {
        // What the file alone does not say comes from this environment or these flags.
        let alone = CommandWords.alone(settings)
        var words = [file] + CommandWords.options(settings)
        if !settings.isHandlersDefault, alone?.handlers != settings.handlers {
            words += ["--handlers", PathText.absolute(settings.handlers)]
        }
        if !settings.isHooksDefault, alone?.hooks != settings.hooks {
            words += ["--hooks", PathText.absolute(settings.hooks)]
        }
        words.append("once")
        return (settings.file == nil ? "cd \(Self.quoted(FileManager.default.currentDirectoryPath)) && " : "")
            + words.map(Self.quoted).joined(separator: " ")
    }

    /// A word for sh, and for cron, to which a percent sign is the end of the line.
    private static func quoted(_ word: String) -> String {
        CommandWords.quoted(word).replacing("%", with: "\\%")
    }
}
