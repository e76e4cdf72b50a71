import Handlers
import Platform
import TaskRun
import Text

/// What `taskrun check` looks at, in order.
///
/// What cannot be looked at is an error finding; the rest is looked at all the same.
struct Checks {
    private let program: Program
    private let options: SharedOptions

    init(_ program: Program, _ options: SharedOptions) {
        self.program = program
        self.options = options
    }

    /// Looks at everything.
    func findings() async -> [Finding] {
        let settings: Settings
        do {
            settings = try program.silentSettings(options)
        } catch {
            return [Finding(.error, "settings", error.problem, advice: error.advice)]
        }
        let (database, runs) = await database(settings)
        let (handlers, list) = handlers(settings)
        return [source(settings)] + StrayVariables.findings(program.variables) + database + handlers + hooks(settings)
            + [runtimeDirectory(settings)] + ping(settings) + Self.clocks(Date(), beside: database)
            + cron(settings, runs, list)
    }

    /// What starts runs.
    private func cron(_ settings: Settings, _ runs: RunList?, _ list: HandlerList?) -> [Finding] {
        let identity = RunIdentity.ofThisProcess()
        let evidence = CronEvidence(
            list: runs,
            host: identity.host,
            life: HostProcesses(identity: identity).life
        )
        // What starts here may lack its interpreter where cron has another PATH.
        let here = Set((list?.troubles(searchPath: searchPath) ?? []).map(\.handler))
        return CronLine(
            program: program.name,
            settings: settings,
            database: Self.place,
            evidence: evidence,
            handlersWithout: { path in
                (list?.troubles(searchPath: path) ?? []).filter { !here.contains($0.handler) }
                    .map { "\($0.handler) cannot start there: \($0.trouble.found)" }
            }
        ).find()
    }

    /// The variable `PATH` that handlers get from a run in this environment.
    private var searchPath: String { program.variables["PATH"] ?? "/bin:/usr/bin" }

    private func source(_ settings: Settings) -> Finding {
        let file = settings.file.map { "read from \($0)" } ?? "no file; \(Settings.defaultFile) is not there"
        return Finding(.ok, "settings", file)
    }

    /// What is found of the database, and the newest runs, if they can be read.
    private func database(_ settings: Settings) async -> ([Finding], RunList?) {
        do {
            let store = try StoreFactory.open(settings)
            let findings = await self.findings(about: store)
            let runs = try? await store.runs(limit: RunOverview.mostRuns)
            await store.close()
            return (findings, runs)
        } catch {
            return ([error.finding("database")], nil)
        }
    }

    private func findings(about store: any TaskDatabase) async -> [Finding] {
        do {
            // Where the database is stands first in any case.
            let findings = try await store.findings().filter { $0.level != .ok || $0.subject != "database" }
            do {
                let versions = try await store.schemaVersions()
                try await store.requireSchema()
                let newest = versions.map(\.version).max() ?? 0
                return [Finding(.ok, "database", store.location), Finding(.ok, "schema", "version \(newest)")]
                    + findings
            } catch {
                return [Finding(.ok, "database", store.location), error.finding("schema")] + findings
            }
        } catch {
            return [error.finding("database")]
        }
    }

    private func handlers(_ settings: Settings) -> ([Finding], HandlerList?) {
        do {
            let list = try HandlerList(program, settings, executables: settings.executables(program))
            let count = list.registry.names.count
            let found = "\(count) task name\(count == 1 ? "" : "s"): \(list.registry.names.joined(separator: ", "))"
            let none = "Put one into the folder \(settings.handlers), or name another folder with --handlers."
            let sum = count > 0 ? Finding(.ok, "handlers", found) : Finding(.warning, "handlers", "none", advice: none)
            let mail = program.builtIn.sendMail ? settings.mailSettings().findings() : []
            let dead = list.troubles(searchPath: searchPath).map { $0.trouble.finding("handlers", $0.handler) }
            let stray = Self.strayLimits(settings, known: list.registry.names)
            return ([sum] + list.findings + dead + stray + mail, list)
        } catch {
            return ([Finding(.error, "handlers", error.problem, advice: error.advice)], nil)
        }
    }

    /// Nothing where there are no hooks.
    private func hooks(_ settings: Settings) -> [Finding] {
        let list = HookList(program, settings, executables: settings.executables(program))
        let events = HookEvent.allCases.filter { event in list.hooks.contains { $0.events.contains(event) } }
        let found = events.map(\.rawValue).joined(separator: ", ")
        let dead = list.hooks.compactMap { ($0 as? HookProgram)?.origin }.compactMap { path in
            StartTrouble.look(at: path, searchPath: searchPath)?.finding("hooks", path)
        }
        return (events.isEmpty ? [] : [Finding(.ok, "hooks", found)]) + list.findings + dead + list.strangers
    }

    /// Settings for task names that no handler here has: perhaps misspelled.
    static func strayLimits(_ settings: Settings, known: [String]) -> [Finding] {
        settings.tasks.keys.sorted().filter { !known.contains($0) }.map { name in
            let nearest = Spelling.nearest(to: name, among: known).map { "Did you mean \"tasks.\($0)\"?" }
            return Finding(.warning, "settings", "tasks.\(name) is for a name without a handler here", advice: nearest)
        }
    }

    private func runtimeDirectory(_ settings: Settings) -> Finding {
        do {
            let path = settings.runtimeDirectory
            let directory = try RuntimeDirectory(path: path)
            _ = try FileSlots(count: settings.concurrency, in: directory)
            let slots = "\(settings.concurrency) handler\(settings.concurrency == 1 ? "" : "s") at once"
            return Finding(.ok, "runtime directory", "\(path), \(slots)")
        } catch {
            return Finding(.error, "runtime directory", error.problem, advice: error.advice)
        }
    }

    /// Nothing where runs are to tell no service how they end.
    private func ping(_ settings: Settings) -> [Finding] {
        guard settings.ping != nil else { return [] }
        guard let path = Curl(variables: program.variables).path else {
            let found = "runs cannot say how they end: curl is not found along PATH"
            return [Finding(.error, "ping", found, advice: "Install curl, or leave out the setting ping.")]
        }
        return [Finding(.ok, "ping", "runs say how they end, by \(path)")]
    }

    /// Where a database is, in words that are the same for each way to write its address.
    private static func place(_ settings: Settings) -> String {
        switch settings.database {
        case .sqlite(let path):
            return "sqlite:\(PathText.real(path))"
        case .postgresql(let url):
            let options = url.split(separator: "?").dropFirst().flatMap { $0.split(separator: "&") }
                .first { $0.hasPrefix("options=") }
            let location = (try? StoreFactory.open(settings))?.location ?? settings.database.redacted
            return location + (options.map { ", \($0)" } ?? "")
        }
    }

    /// This machine's clock, unless it was compared with the server's already and is right.
    private static func clocks(_ now: Date, beside findings: [Finding]) -> [Finding] {
        let clock = clock(now)
        return clock.level == .ok && findings.contains { $0.subject == clock.subject } ? [] : [clock]
    }

    /// A clock that was never set shows a year before this program was written.
    static func clock(_ now: Date) -> Finding {
        let text = "\(MomentText.plain(now)) UTC"
        guard now.timeIntervalSince1970 < 1_750_000_000 else { return Finding(.ok, "clock", text) }
        return Finding(
            .error,
            "clock",
            "\(text), which is in the past",
            advice: "Set the clock, and synchronize it with NTP."
        )
    }
}

extension StoreError {
    fileprivate func finding(_ subject: String) -> Finding {
        Finding(.error, subject, "\(self.subject): \(cause)", advice: advice)
    }
}
