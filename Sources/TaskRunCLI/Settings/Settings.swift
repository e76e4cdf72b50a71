import Logging
import Platform
import SQLiteStore
import TaskRun

/// What a command goes by: each value from the flag, the environment, the file, or the default, in this order.
struct Settings: Sendable {
    /// The file that was read, or nil if none was.
    let file: String?
    /// Where the tasks are.
    let database: DatabaseAddress
    /// The same tables without a pooler, for runs that wait for tasks, or nil for the same address.
    let listenDatabase: String?
    /// The handlers folder.
    let handlers: String
    /// Whether the handlers folder is the default one: then it need not exist.
    let isHandlersDefault: Bool
    /// The hooks folder.
    let hooks: String
    /// Whether the hooks folder is the default one: then it need not exist.
    let isHooksDefault: Bool
    /// How long a hook may take at each call.
    let hookTimeout: Duration
    /// What is logged.
    let logLevel: Logger.Level
    /// The form of the log.
    let logFormat: LogFormat
    /// Handlers at once.
    let concurrency: Int
    /// How long `once` claims new tasks.
    let window: Duration
    /// Whether the window is the default one: then a run that stays has more time.
    let isWindowDefault: Bool
    /// How long a claim holds unless renewed.
    let lease: Duration
    /// Whether a task that waits for its next attempt keeps its lock key.
    let lockOrder: LockOrder
    /// How long handlers may go on after a request to stop.
    let grace: Duration
    /// The longest attempt.
    let timeout: Duration
    /// Attempts and backoff.
    let retry: RetryPolicy
    /// Bytes kept of what an executable prints.
    let outputLimit: Int
    /// Bytes kept of the result of a task with a token.
    let maxResult: Int
    /// How long such a result is kept.
    let keepResult: Duration
    /// How long FAILED tasks are kept.
    let keepFailed: Duration
    /// How long the history of tasks is kept, or nil for none.
    let history: Duration?
    /// Names of variables that executables get.
    let environment: [String]
    /// The private folder for the host's handler slots.
    let runtimeDirectory: String
    /// How far the commits of `once` go in an SQLite file with WAL.
    var sqliteSynchronous: Synchronous
    /// The address that gets a message when a run begins and ends, or nil for none.
    let ping: PingAddress?
    /// How e-mails are sent.
    let mail: Mail
    /// What is said of single task names.
    let tasks: [String: TaskLimits]

    /// How e-mails are sent, or nil for the handler's default.
    struct Mail: Sendable, Equatable {
        let sendmail: String?
        let outbox: String?
        let from: String?
    }

    /// The limits of one task name, or nil if it has none of its own.
    struct TaskLimits: Sendable, Equatable {
        let timeout: Duration?
        let maxAttempts: Int?
        let keepResult: Duration?
        let keepFailed: Duration?
        /// How long the history is kept; nil within: none.
        let history: Duration??
    }

    /// The name of the file that is read where none is named, if it is there.
    static let defaultFile = "taskrun.yaml"

    /// Reads all settings.
    ///
    /// - Parameters:
    ///   - flags: What the command line says, by key.
    ///   - config: The file named on the command line.
    ///   - variables: The environment.
    ///   - cores: The number of cores.
    ///   - base: The folder in which the program begins; empty for this process' own.
    /// - Throws: ``ProgramError`` for anything that is not as ``SettingTable`` says.
    init(
        flags: [String: String],
        config: String?,
        variables: [String: String],
        cores: Int,
        in base: String = ""
    ) throws(ProgramError) {
        let file = try Self.file(named: config, variables: variables, in: base)
        let reader = SettingsReader(
            layers: [.flags(flags, in: base), .environment(variables, in: base)]
                + [file.flatMap(SettingLayer.file)].compactMap(\.self)
        )
        self.file = file?.path
        // By default, handlers are beside the file and hooks beside the handlers: cron starts in another folder.
        let folder = file.map { PathText.folder(of: $0.path) } ?? base
        database =
            try reader.address(SettingTable.database) ?? .sqlite(path: PathText.join(folder, "tasks.db"))
        listenDatabase = try reader.address(SettingTable.listenDatabase).map { address throws(ProgramError) in
            guard case .postgresql(let url) = address else {
                let problem =
                    "\(SettingTable.listenDatabase.key) is \(address.redacted), which is no PostgreSQL database"
                throw ProgramError(.settings, problem, advice: "Leave it out, or write postgres://…")
            }
            return url
        }
        let handlers = try reader.path(SettingTable.handlers)
        self.handlers = handlers ?? PathText.join(folder, "handlers")
        isHandlersDefault = handlers == nil
        let hooks = try reader.path(SettingTable.hooks)
        self.hooks = hooks ?? PathText.join(PathText.folder(of: self.handlers), "hooks")
        isHooksDefault = hooks == nil
        hookTimeout = try reader.value(SettingTable.hookTimeout) ?? RunSettings().hookTimeout
        logLevel = try reader.value(SettingTable.logLevel) ?? .warning
        logFormat = try reader.value(SettingTable.logFormat) ?? .text
        concurrency = try reader.value(SettingTable.concurrency) ?? max(1, cores)
        let standard = RunSettings()
        let window = try reader.value(SettingTable.window)
        self.window = window ?? .seconds(50)
        isWindowDefault = window == nil
        lease = try reader.value(SettingTable.lease) ?? standard.lease
        grace = try reader.value(SettingTable.grace) ?? standard.grace
        timeout = try reader.value(SettingTable.timeout) ?? standard.timeout
        retry = RetryPolicy(
            maxAttempts: try reader.value(SettingTable.maxAttempts) ?? standard.retry.maxAttempts,
            base: try reader.value(SettingTable.backoffBase) ?? standard.retry.base,
            cap: try reader.value(SettingTable.backoffCap) ?? standard.retry.cap
        )
        lockOrder = try reader.value(SettingTable.lockOrder) ?? .strict
        outputLimit = try reader.value(SettingTable.outputLimit) ?? 1 << 20
        maxResult = try reader.value(SettingTable.maxResult) ?? standard.maxResult
        keepResult = try reader.value(SettingTable.keepResult) ?? standard.keepResult
        keepFailed = try reader.value(SettingTable.keepFailed) ?? standard.keepFailed.standard
        history = try reader.value(SettingTable.history) ?? HistoryRetention.week
        environment = try reader.list(SettingTable.environment) ?? []
        runtimeDirectory =
            try reader.path(SettingTable.runtimeDirectory)
            ?? StandardRuntimeFolder(variables: variables).path
        sqliteSynchronous = try reader.value(SettingTable.sqliteSynchronous) ?? .full
        ping = try reader.value(SettingTable.ping)
        mail = Mail(
            sendmail: try reader.path(SettingTable.mailSendmail),
            outbox: try reader.path(SettingTable.mailOutbox),
            from: try reader.value(SettingTable.mailFrom)
        )
        tasks = try Self.limits(of: file?.taskNames ?? [], reader)
    }

    private static func file(
        named flag: String?,
        variables: [String: String],
        in base: String
    ) throws(ProgramError) -> SettingsFile? {
        let variable = variables["TASKRUN_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        if let path = flag ?? variable { return try SettingsFile(path: PathText.join(base, path)) }
        let standard = PathText.join(base, defaultFile)
        return try FileManager.default.fileExists(atPath: standard) ? SettingsFile(path: standard) : nil
    }

    private static func limits(
        of names: [String],
        _ reader: SettingsReader
    ) throws(ProgramError) -> [String: TaskLimits] {
        var limits: [String: TaskLimits] = [:]
        for name in names {
            limits[name] = TaskLimits(
                timeout: try reader.value(SettingTable.timeout(of: name)),
                maxAttempts: try reader.value(SettingTable.maxAttempts(of: name)),
                keepResult: try reader.value(SettingTable.keepResult(of: name)),
                keepFailed: try reader.value(SettingTable.keepFailed(of: name)),
                history: try reader.value(SettingTable.history(of: name))
            )
        }
        return limits
    }
}
