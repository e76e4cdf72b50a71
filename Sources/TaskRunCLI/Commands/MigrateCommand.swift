import ArgumentParser
import Migrations
import TaskRun

/// `taskrun migrate`: creates or upgrades the tables.
struct MigrateCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Creates the tables, or brings them up to date.",
        discussion: """
            Creates a missing SQLite file; a PostgreSQL database must exist. All is done in one transaction; two at \
            once queue up, and the second has nothing to do. A table "tasks" of another program is left alone.

              taskrun migrate
              taskrun --database postgres://app@db1/shop migrate --status
              taskrun migrate --print --dialect postgresql | psql -v ON_ERROR_STOP=1 shop
            """
    )

    @Flag(name: .customLong("print"), help: "Write the SQL to stdout and touch nothing.")
    var isPrinted = false
    @Option(
        help: ArgumentHelp("With --print: sqlite or postgresql (default: that of the database)", valueName: "dialect"),
        transform: { try ArgumentWord.read($0) }
    )
    var dialect: Dialect?
    @Flag(help: "Say which versions the database has, and touch nothing.")
    var status = false
    @OptionGroup var options: SharedOptions

    func validate() throws {
        if isPrinted, status { throw ValidationError("--print and --status exclude each other.") }
        if !isPrinted, dialect != nil { throw ValidationError("--dialect goes with --print.") }
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        if isPrinted {
            try program.output.write(Migration.script(for: dialect ?? settings.database.dialect))
            return .done
        }
        return try await program.withStore(settings, creating: !status) { store in
            if status {
                try write(try await store.schemaVersions(), to: program.output)
            } else {
                try tell(try await store.migrate(), location: store.location, to: program.output)
            }
            return .done
        }
    }

    private func tell(_ applied: [SchemaVersion], location: String, to output: Output) throws {
        if options.isJSON { return try output.write(applied.map(\.json)) }
        guard !applied.isEmpty else { return try output.write("\(location) is up to date.") }
        try output.write(applied.map { "\(location): version \($0.version), \($0.name), is in place." })
    }

    private func write(_ versions: [SchemaVersion], to output: Output) throws {
        if options.isJSON { return try output.write(versions.map(\.json)) }
        var table = TextTable([.number("version"), .text("name"), .text("state")])
        for version in versions {
            let state = version.isApplied ? TextTable.Cell("in place", .green) : TextTable.Cell("missing", .yellow)
            table.add(["\(version.version)", TextTable.Cell(version.name), state])
        }
        try output.write(table.lines(on: output.terminal))
    }
}

extension SchemaVersion {
    /// `version`, `name`, `applied`.
    fileprivate var json: JSONValue {
        ["version": .number(version), "name": .text(name), "applied": .bool(isApplied)]
    }
}
