import Handlers
import Logging
import TaskRun

/// The hooks of this host: those compiled in, and those in the hooks folder.
struct HookList {
    /// All of them, in the order in which they are called.
    let hooks: [any RunHooks]
    /// What is wrong with the folder; the others were found all the same.
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
        findings = folder.findings + folder.refusals
        strangers = folder.strangers
    }

    /// Checks, before a task is added, whether the hooks for added tasks can be trusted.
    ///
    /// - Throws: ``ProgramError`` with ``ExitStatus/settings`` for such a hook, or its folder, that others may change.
    static func requireTrust(_ program: Program, _ settings: Settings) throws(ProgramError) {
        guard let refusal = folder(program, settings).refused[.afterAdd] else { return }
        throw ProgramError(.settings, refusal.found, advice: refusal.advice)
    }

    /// Calls the hooks for added tasks.
    ///
    /// - Parameters:
    ///   - added: What was added.
    ///   - program: The command's.
    ///   - settings: Name the folder.
    static func tell(_ added: HookAddition, _ program: Program, _ settings: Settings) async {
        // A hook that adds tasks itself would otherwise go on for ever.
        guard program.variables["TASKRUN_EVENT"] != HookEvent.afterAdd.rawValue else { return }
        let folder = folder(program, settings)
        let logger = program.logger(settings)
        // Other hooks that are refused are a matter of runs.
        for finding in folder.findings { logger.warning("\(finding.sentence)") }
        let all = program.builtIn.hooks + folder.hooks
        guard let hooks = Hooks(all, timeLimit: settings.hookTimeout, logger: logger) else { return }
        await hooks.tell(.afterAdd) { try await $0.afterAdd(added) }
    }

    private static func folder(_ program: Program, _ settings: Settings) -> HooksFolder {
        HooksFolder(
            path: settings.hooks,
            isDefault: settings.isHooksDefault,
            settings: settings.executables(program)
        )
    }
}
