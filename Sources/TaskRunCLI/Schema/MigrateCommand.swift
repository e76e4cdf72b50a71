import ArgumentParser
import Migrations
import TaskRun

/// `taskrun migrate`: creates or upgrades the tables.
struct MigrateCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Create the tables, or upgrade them.",
        discussion: """
            Creates a missing SQLite file. A PostgreSQL database must exist. All changes are made in one transaction. \
            If two migrations run at once, the second one waits, and then has nothing to do. A table "tasks" of \
            another program is not changed.

              taskrun migrate
              taskrun --database postgres://app@db1/shop migrate --status
              taskrun migrate --print --dialect postgresql | psql -v ON_ERROR_STOP=1 shop

            On PostgreSQL, --notify also installs triggers that wake waiting runs (once --linger) at the commit that \
            adds a task. Without the triggers, such a run looks for tasks twelve times a second. They are off by \
            default, because they make transactions that add tasks commit one after the other. --no-notify removes \
            them.

              taskrun --database postgres://app@db1/shop migrate --notify

            On PostgreSQL it waits at most a second for each lock, lets the application's statements pass, and tries \
            again for up to ten minutes.

            With --json, each line is an object: version, name, applied. The triggers have no version, and the name \
            notify. Without --status, only what was done is listed.
            """
    )

    @Flag(name: .customLong("print"), help: "Write the SQL to stdout and change nothing.")
    var isPrinted = false
    @Option(
        help: ArgumentHelp("With --print: sqlite or postgresql (default: as the database)", valueName: "dialect"),
        transform: { try ArgumentWord.read($0) }
    )
    var dialect: Dialect?
    @Flag(help: "List the versions that the database has, and change nothing.")
    var status = false
    @Flag(inversion: .prefixedNo, help: "Install or remove the triggers that wake waiting runs (PostgreSQL only).")
    var notify: Bool?
    @OptionGroup var options: SharedOptions

    func validate() throws {
        if isPrinted, status { throw ValidationError("--print and --status cannot be combined.") }
        if status, notify != nil { throw ValidationError("--status changes nothing: leave out --notify.") }
        if !isPrinted, dialect != nil { throw ValidationError("--dialect is for --print.") }
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let dialect = dialect ?? settings.database.dialect
        if notify != nil, dialect == .sqlite {
            let advice = "Leave it out: on SQLite a waiting run sees each change of the file without triggers."
            throw ProgramError(.usage, "--notify and --no-notify are for PostgreSQL", advice: advice)
        }
        if isPrinted {
            let triggers = notify.map { ["", NotifyScript.script(isOn: $0)] } ?? []
            try program.output.write(([Migration.script(for: dialect)] + triggers).joined(separator: "\n"))
            return .done
        }
        return try await program.withStore(settings, creating: !status) { store in
            if status {
                let triggers = try await store.notifies().map { [Step.notify($0)] } ?? []
                try write(try await store.schemaVersions().map(Step.version) + triggers, to: program.output)
            } else {
                var done = try await store.migrate().map(Step.version)
                if let notify, try await store.setNotify(notify) { done.append(.notify(notify)) }
                try tell(done, location: store.location, to: program.output)
            }
            return .done
        }
    }

    /// A part of the schema, and whether it is there.
    private enum Step {
        case version(SchemaVersion)
        case notify(Bool)

        var isApplied: Bool {
            switch self {
            case .version(let version): version.isApplied
            case .notify(let isOn): isOn
            }
        }

        var name: String {
            switch self {
            case .version(let version): version.name
            case .notify: "notify"
            }
        }

        var version: Int? {
            guard case .version(let version) = self else { return nil }
            return version.version
        }

        /// What was done, for people.
        var sentence: String {
            switch self {
            case .version(let version): "version \(version.version), \(version.name), is in place."
            case .notify(true): "the notify triggers are in place."
            case .notify(false): "the notify triggers are removed."
            }
        }

        /// `version`, `name`, `applied`.
        var json: JSONValue { ["version": .number(version), "name": .text(name), "applied": .bool(isApplied)] }
    }

    private func tell(_ applied: [Step], location: String, to output: Output) throws {
        if options.isJSON { return try output.write(applied.map(\.json)) }
        guard !applied.isEmpty else { return try output.write("\(location) is up to date.") }
        try output.write(applied.map { "\(location): \($0.sentence)" })
    }

    private func write(_ versions: [Step], to output: Output) throws {
        if options.isJSON { return try output.write(versions.map(\.json)) }
        var table = TextTable([.number("version"), .name("name"), .text("state")])
        for version in versions {
            // The triggers are optional.
            let missing = version.version == nil ? TextTable.Cell("not installed") : TextTable.Cell("missing", .yellow)
            let state = version.isApplied ? TextTable.Cell("in place", .green) : missing
            table.add([TextTable.Cell(version.version.map(String.init) ?? ""), TextTable.Cell(version.name), state])
        }
        try output.write(table.lines(on: output.terminal))
    }
}
