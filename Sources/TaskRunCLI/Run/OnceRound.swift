import Handlers
import Logging
import TaskRun
import Text

/// The parts of one `taskrun once`, put together from the settings.
struct OnceRound {
    /// The handlers of this host.
    let handlers: HandlerList
    /// The hooks of this host.
    let hooks: HookList

    let store: any TaskDatabase
    let identity: RunIdentity
    let slots: FileSlots
    let logger: Logger
    let program: Program
    private let directory: RuntimeDirectory
    /// Where runs record the programs that they start.
    let records: RunRecords
    /// The default handlers folder, if no other is set and it is missing.
    let missingFolder: String?
    private let strayLimits: [Finding]
    /// How many handlers can run at once, and a finding if that is fewer than the settings say.
    private let capacity: (count: Int, finding: Finding?)
    private let subject: [String]
    /// What to type before the name of a command, so that it uses the same tables.
    private let command: String

    /// Opens what one round needs.
    ///
    /// - Throws: ``ProgramError`` for handlers that contradict each other, or a runtime directory that cannot be used.
    init(_ program: Program, _ settings: Settings, _ store: any TaskDatabase) throws(ProgramError) {
        self.program = program
        self.store = store
        identity = RunIdentity.ofThisProcess()
        let executables = settings.executables(program, run: identity)
        handlers = try HandlerList(program, settings, executables: executables, store: store)
        hooks = HookList(program, settings, executables: executables)
        directory = try RuntimeDirectory(path: settings.runtimeDirectory)
        records = RunRecords(runtimeDirectory: directory.path)
        capacity = Capacity.ofThisProcess(for: settings.concurrency).cap(settings.concurrency)
        slots = try FileSlots(count: capacity.count, in: directory)
        logger = program.logger(settings)
        let database =
            switch settings.database {
            case .sqlite(let path): PathText.absolute(path)
            // The address says which schema, the location what the environment adds to it.
            case .postgresql: "\(store.location) \(settings.database.redacted)"
            }
        missingFolder = settings.missingHandlersFolder
        strayLimits = Checks.strayLimits(settings, known: handlers.registry.names).filter { $0.advice != nil }
        command = program.command(with: settings)
        subject = [program.name, database, PathText.absolute(settings.handlers)]
    }

    /// Begins to record the programs that this process starts, so that the next run finds them if this one is killed.
    func beginRecord() {
        guard let problem = records.begin(identity) else { return }
        logger.notice(
            "cannot record started programs: \(problem). If this run is killed, its tasks wait until its leases end."
        )
    }

    /// The turn of the runs like this one that stay: the same tables, handlers, queues and names.
    ///
    /// - Throws: ``ProgramError`` where its files cannot be made.
    func turn(_ settings: RunSettings) throws(ProgramError) -> ClaimingRoleFile {
        let filter = QueueFilter.all(of: settings.queues) ?? ["*"]
        let queues = filter.words.sorted() + filter.except.map { "!" + $0 }.sorted()
        let only = settings.only?.sorted() ?? ["*"]
        return try ClaimingRoleFile(of: subject + [""] + queues + [""] + only, in: directory)
    }

    /// The names, if each has a handler here.
    ///
    /// - Throws: ``ProgramError`` with ``ExitStatus/usage`` for one that has none.
    func known(_ names: [String]) throws(ProgramError) -> [String] {
        for name in names where handlers.registry[name] == nil {
            let nearest = Spelling.nearest(to: name, among: handlers.registry.names)
            throw ProgramError(
                .usage,
                "--only names \"\(name)\", which has no handler here"
                    + Spelling.hint(nearest, for: name),
                advice: "See: \(program.name) handlers"
            )
        }
        return names
    }

    /// Runs, tells what happens, and leaves nothing behind.
    func perform(
        _ settings: RunSettings,
        turn: ClaimingRoleFile?,
        isSilent: Bool,
        failOnFailed: Bool
    ) async throws -> RunReport {
        var settings = settings
        settings.concurrency = min(settings.concurrency, capacity.count)
        settings.repeatsReports = program.screen.terminal.isTerminal && !isSilent
        for finding in handlers.findings + strayLimits + hooks.findings + [capacity.finding].compactMap(\.self) {
            logger.log(level: finding.level == .error ? .error : .warning, "\(finding.sentence)")
        }
        let display = RunDisplay(teller(settings, isSilent: isSilent), on: program.screen, log: RunLog(logger: logger))
        defer { display.clear() }
        let stop = StopSignal()
        let processes = HostProcesses(identity: identity, endingLeftoversIn: directory)
        let run = Run(
            store: store,
            registry: handlers.registry,
            settings: settings,
            identity: identity,
            slots: WatchedSlots(slots) { display.note(isCrowded: $0) },
            stop: stop,
            claimingRole: turn,
            logger: logger,
            isDead: { await processes.isDead($0) },
            beforeClaims: { beginRecord() },
            hooks: hooks.hooks,
            pulse: RunWatch.pulse,
            record: .ofThisProcess(
                identity,
                names: settings.only ?? handlers.registry.names,
                slots: settings.concurrency
            ),
            observer: { display.observe($0) }
        )
        let report: RunReport
        do {
            report = try await StopSignals.listen(stop) {
                async let orphans: Void = Orphans.reap()
                await display.tick()
                await orphans
            } _: {
                try await run.run()
            }
        } catch let error as StoreError {
            // The tasks that the run held are left to the next run.
            var report = await run.reportSoFar
            report.trouble = error
            await run.end(end(of: report, failOnFailed: failOnFailed))
            display.clear()
            display.finish(report, unknown: [])
            tell(error)
            return report
        }
        records.end(isClean: report.isClean)
        await run.end(end(of: report, failOnFailed: failOnFailed))
        display.clear()
        if report.claimed > 0 || !hooks.hooks.isEmpty { _ = await LeftoverProcesses.end(startedBy: identity.text) }
        // Not counted: that would read the whole table each minute.
        let unknown = UnknownName.find(
            report.unknownNames,
            in: nil,
            known: handlers.registry.names,
            isOfThisHost: !report.isUnknownToAllHosts
        )
        display.finish(report, unknown: unknown)
        program.screen.write(
            await hints(report, settings, unknown, isSeen: program.screen.terminal.isTerminal && !isSilent)
        )
        if let trouble = report.trouble { tell(trouble) }
        return report
    }

    /// How many tasks are WAITING, due or not, or nil if they cannot be counted; the report then names the trouble.
    ///
    /// After trouble that ended the run it does not ask: it would meet the same trouble again.
    func waiting(_ report: inout RunReport) async -> Int? {
        guard report.trouble == nil else { return nil }
        do {
            let summary = try await store.summary()
            return summary.waiting?.count
                ?? summary.lines.reduce(0) { $0 + ($1.status == .waiting ? $1.count : 0) }
        } catch {
            report.trouble = error
            tell(error)
            return nil
        }
    }

    /// How `once` ends.
    func status(_ report: RunReport, failOnFailed: Bool) -> ExitStatus {
        if let trouble = report.trouble { return ExitStatus(trouble.code) }
        if report.stuck > 0 { return .badData }
        if (handlers.findings + hooks.findings).contains(where: { $0.level == .error }) { return .settings }
        return failOnFailed && report.failed > 0 ? .incomplete : .done
    }

    /// The same for the row of the run.
    private func end(of report: RunReport, failOnFailed: Bool) -> RunEnd {
        let error = report.trouble.map { BoundedText.fit("\($0)", bytes: 8 * 1024) }
        return RunEnd(exitStatus: status(report, failOnFailed: failOnFailed).rawValue, error: error)
    }

    private func teller(_ settings: RunSettings, isSilent: Bool) -> any RunTeller {
        guard program.screen.terminal.isTerminal, !isSilent else { return QuietTeller(program: command) }
        let registry = handlers.registry
        return TerminalTeller(program: program.name, terminal: program.screen.terminal, slots: settings.concurrency) {
            task in
            task.maxAttempts
                ?? (registry[task.name].map { settings.retryPolicy(for: $0) } ?? settings.retry).maxAttempts
        }
    }

    /// Says what stopped the run.
    private func tell(_ trouble: StoreError) {
        _ = program.report(ProgramError(trouble))
    }
}

extension RunReport {
    /// Whether the table surely holds no task for this run any more.
    var isClean: Bool { trouble == nil && leaseLost == 0 }
}

extension UnknownName {
    /// Puts names, counts and nearest known names together.
    static func find(
        _ names: [String],
        in summary: TableSummary?,
        known: [String],
        isOfThisHost: Bool
    ) -> [UnknownName] {
        names.map { name in
            let lines = summary?.lines.filter { ByteText($0.name) == ByteText(name) && $0.status == .waiting }
            let count = lines?.reduce(0) { $0 + $1.count }
            let nearest = Spelling.nearest(to: name, among: known)
            return UnknownName(name: name, count: count, nearest: nearest, isOfThisHost: isOfThisHost)
        }
    }
}

extension Finding {
    /// What was found and what to do, in one or two sentences.
    var sentence: String { "\(subject): \(found)." + (advice.map { " \($0)" } ?? "") }
}
