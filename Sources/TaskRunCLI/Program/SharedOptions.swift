import ArgumentParser

/// What every command understands, before its name or after it.
struct SharedOptions: ParsableArguments {
    @Option(
        name: .customLong("database"),
        help: ArgumentHelp(
            "Where the tasks are: sqlite:PATH or postgres://… (default: sqlite:tasks.db)",
            valueName: "url"
        )
    )
    var database: String?

    @Option(
        name: .customLong("config"),
        help: ArgumentHelp("The settings file (default: taskrun.yaml, if it is there)", valueName: "file")
    )
    var config: String?

    @Option(
        name: .customLong("handlers"),
        help: ArgumentHelp("The handlers folder (default: handlers, if it is there)", valueName: "dir")
    )
    var handlers: String?

    @Option(
        name: .customLong("hooks"),
        help: ArgumentHelp("The hooks folder (default: hooks, if it is there)", valueName: "dir")
    )
    var hooks: String?

    @Option(
        name: .customLong("log-level"),
        help: ArgumentHelp(
            "What to log on stderr: trace, debug, info, notice, warning, error or critical (default: warning)",
            valueName: "level"
        )
    )
    var logLevel: String?

    @Option(
        name: .customLong("log-format"),
        help: ArgumentHelp("How to log on stderr: text or json (default: text)", valueName: "form")
    )
    var logFormat: String?

    @Flag(name: .customLong("json"), help: "Answer in JSON, one object per line.")
    var isJSON = false

    /// What the command line says of the settings, by key.
    var flags: [String: String] {
        [
            SettingTable.database.key: database,
            SettingTable.handlers.key: handlers,
            SettingTable.hooks.key: hooks,
            SettingTable.logLevel.key: logLevel,
            SettingTable.logFormat.key: logFormat,
        ].compactMapValues(\.self)
    }
}
