import ArgumentParser
import Handlers
public import TaskRun

/// The whole command line, for a program of one's own: its `main.swift` needs one line.
///
/// ```swift
/// import TaskRunCLI
///
/// await TaskRunProgram.main(handlers: [Greeting(), InvoicePrint()], hooks: [Alarm()])
/// ```
///
/// The program then has every command of `taskrun`, with these handlers instead of the ones that taskrun brings along.
/// Executables and SQL files in the handlers folder are found as well, and programs in the hooks folder.
public enum TaskRunProgram {
    /// Runs `taskrun` itself, with the handlers it brings along, and ends the process.
    public static func main() async -> Never { await main(.ofTaskRun) }

    /// Runs a program with handlers of its own, and ends the process.
    public static func main(handlers: [any TaskHandler], hooks: [any RunHooks] = []) async -> Never {
        await main(registering: handlers.map { wrap($0) }, hooks: hooks)
    }

    /// Runs a program with handlers in the form that the run knows, and ends the process.
    public static func main(registering handlers: [any Handler], hooks: [any RunHooks] = []) async -> Never {
        await main(BuiltInHandlers(make: { _ in handlers }, sendMail: false, hooks: hooks))
    }

    private static func wrap(_ handler: some TaskHandler) -> any Handler { SwiftHandler(handler) }

    private static func main(_ builtIn: BuiltInHandlers) async -> Never {
        Secrets.keep()
        let program = Program(builtIn: builtIn)
        // Before anything waits: without these the process would stand still or end without a word.
        let words = Array(ProcessWords.all.dropFirst())
        if let shortage = Needs.shortage() { program.refuse(words, shortage).leave() }
        var command: any ParsableCommand
        do {
            command = try OnceRoot.command(in: words) ?? TaskRunCommand.parseAsRoot(words)
        } catch {
            if let mistake = CommandWord.mistake(in: words) { program.refuse(words, mistake).leave() }
            if !TaskRunCommand.exitCode(for: error).isSuccess {
                let plain = TaskRunCommand.message(for: error)
                program.answer(words, ProgramError(.usage, Secrets.cover(plain, words: words) ?? plain))
            }
            let message = TaskRunCommand.fullMessage(for: error)
            if let covered = Secrets.cover(message, words: words) {
                program.screen.write(covered)
                ExitStatus.usage.leave()
            }
            TaskRunCommand.exit(withError: error)
        }
        if let command = command as? any ProgramCommand {
            await program.status(of: command).leave()
        }
        // The parser answers "help" and a word that is no command with the help of all.
        if let mistake = CommandWord.mistake(in: words) { program.refuse(words, mistake).leave() }
        if command is TaskRunCommand {
            program.screen.write(TaskRunCommand.helpMessage())
            ExitStatus.usage.leave()
        }
        do {
            // Help, version, completion scripts: the parser's own.
            try command.run()
            ExitStatus.done.leave()
        } catch {
            TaskRunCommand.exit(withError: error)
        }
    }
}
