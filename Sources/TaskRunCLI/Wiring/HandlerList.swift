import Handlers
import TaskRun

/// The handlers that are compiled into this program.
struct BuiltInHandlers: Sendable {
    /// Makes them.
    let make: @Sendable (MailSettings) -> [any Handler]
    /// Whether they send e-mails, so that `check` looks at the settings for that.
    let sendMail: Bool
    /// The hooks that are compiled in with them.
    let hooks: [any RunHooks]

    /// Those of taskrun itself.
    static let ofTaskRun = BuiltInHandlers(make: { AllHandlers.all(settings: $0) }, sendMail: true, hooks: [])
}

/// The handlers of this host: those compiled in, and those in the handlers folder.
struct HandlerList {
    /// All of them, by name.
    let registry: HandlerRegistry
    /// What is wrong with the folder; the others were found all the same.
    let findings: [Finding]

    /// Finds the handlers.
    ///
    /// - Parameters:
    ///   - program: Has the compiled-in ones.
    ///   - settings: Name the folder.
    ///   - executables: What they have in common with hooks, the folder for `TASKRUN_OUTPUT` included.
    ///   - store: Where SQL files run, or nil if nothing is performed.
    /// - Throws: ``ProgramError`` with ``ExitStatus/settings`` where two handlers have one name.
    init(
        _ program: Program,
        _ settings: Settings,
        executables: ExecutableSettings,
        store: (any TaskStore)? = nil
    ) throws(ProgramError) {
        let folder = HandlersFolder(
            path: settings.handlers,
            isDefault: settings.isHandlersDefault,
            executables: executables,
            perform: { (script, settlement, limit) async throws(StoreError) in
                guard let store else { preconditionFailure("without a store nothing is performed") }
                return try await store.perform(script, settling: settlement, timeLimit: limit)
            }
        )
        let mail = settings.mailSettings(
            environment: executables.environment.merging(["TASKRUN_RUN": executables.run]) { $1 }
        )
        do {
            registry = try HandlerRegistry(program.builtIn.make(mail) + folder.handlers)
        } catch {
            throw ProgramError(.settings, error.problem, advice: "Remove or rename one of them.")
        }
        findings = folder.findings
    }
}

extension HandlerList {
    /// The programs among the handlers that cannot be started, and why: they are looked at, not started.
    ///
    /// - Parameter searchPath: The variable `PATH` that they would get.
    /// - Returns: Each one's file and its trouble.
    func troubles(searchPath: String) -> [(handler: String, trouble: StartTrouble)] {
        registry.all.filter { $0.kind == .executable || $0.kind == .stream }.compactMap { handler in
            StartTrouble.look(at: handler.origin, searchPath: searchPath).map { (handler.origin, $0) }
        }
    }
}

extension StartTrouble {
    /// A program that no run can start.
    func finding(_ subject: String, _ path: String) -> Finding {
        Finding(.error, subject, "\(path) cannot start: \(found)", advice: mend)
    }
}

extension HandlerRegistry.Conflict {
    fileprivate var problem: String { "two handlers for \"\(name)\": \(origins.joined(separator: " and "))" }
}

extension Settings {
    /// What all programs have in common that are started for a run: made once for each run.
    func executables(_ program: Program, run: RunIdentity = .ofThisProcess()) -> ExecutableSettings {
        ExecutableSettings(
            run: run.text,
            environment: ExecutableSettings.environment(from: program.variables, listed: environment),
            resultLimit: outputLimit,
            maxResult: maxResult,
            privateFolder: runtimeDirectory
        )
    }

    /// How e-mails are sent, with the handlers' defaults where the settings say nothing.
    func mailSettings(environment: [String: String] = [:]) -> MailSettings {
        let standard = MailSettings()
        return MailSettings(
            outbox: mail.outbox,
            sendmail: mail.sendmail ?? standard.sendmail,
            from: mail.from ?? standard.from,
            environment: environment
        )
    }

    /// How one run is to go, with what the settings say of single task names.
    func runSettings(_ registry: HandlerRegistry) -> RunSettings {
        var run = RunSettings(concurrency: concurrency)
        run.window = window
        run.lease = lease
        run.renewal = min(run.renewal, lease / 3)
        run.grace = grace
        run.lockOrder = lockOrder
        run.timeout = timeout
        run.hookTimeout = hookTimeout
        run.retry = retry
        run.keepResult = keepResult
        run.keepFailed = failedRetention
        run.maxResult = maxResult
        for (name, limits) in tasks {
            // Only the number of attempts is set per name; the backoff stays the handler's own.
            let own = registry[name]?.limits.retry ?? retry
            let policy = limits.maxAttempts.map { RetryPolicy(maxAttempts: $0, base: own.base, cap: own.cap) }
            run.limits[name] = HandlerLimits(timeout: limits.timeout, retry: policy, keepResult: limits.keepResult)
        }
        return run
    }
}
