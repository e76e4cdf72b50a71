import Handlers
import Logging
import TaskRun

/// The hooks of this host: those compiled in, and those in the hooks folder.
struct HookList {
    /// All of them, in the order in which they are called.
    let hooks: [any RunHooks]
    /// What is wrong with the folder, and did not keep the others from being found.
    let findings: [Finding]
    /// Programs in the folder whose names are no event's.
    let strangers: [Finding]

    /// Finds the hooks; without a folder that costs one look.
    init(_ program: Program, _ settings: Settings, executables: ExecutableSettings) {
        let folder = HooksFolder(
            path: settings.hooks,
            isDefault: settings.isHooksDefault,
            settings: executables
        )
        hooks = program.builtIn.hooks + folder.hooks
        findings = folder.findings
        strangers = folder.strangers
    }

    /// Looks whether the hooks that are told of added tasks may be obeyed, before one is added.
    ///
    /// - Throws: ``ProgramError`` with ``ExitStatus/settings`` for a folder or a hook that others may change.
    static func requireTrust(_ program: Program, _ settings: Settings) throws(ProgramError) {
        let folder = HooksFolder(
            path: settings.hooks,
            isDefault: settings.isHooksDefault,
            settings: settings.executables(program)
        )
        guard let refusal = folder.refusals.first else { return }
        throw ProgramError(.settings, refusal.found, advice: refusal.advice)
    }

    /// Tells that a command has added tasks.
    ///
    /// - Parameters:
    ///   - added: What was added.
    ///   - program: The command's.
    ///   - settings: Name the folder.
    static func tell(_ added: HookAddition, _ program: Program, _ settings: Settings) async {
        // A hook that adds tasks itself would otherwise go on for ever.
        guard program.variables["TASKRUN_EVENT"] != HookEvent.afterAdd.rawValue else { return }
        let list = HookList(program, settings, executables: settings.executables(program))
        let logger = program.logger(settings)
        for finding in list.findings { logger.warning("\(finding.sentence)") }
        guard let hooks = Hooks(list.hooks, timeLimit: settings.hookTimeout, logger: logger) else { return }
        await hooks.tell(.afterAdd) { try await $0.afterAdd(added) }
    }
}
