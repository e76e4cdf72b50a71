import ArgumentParser
import SQLiteStore
import TaskRun

/// `taskrun bench`: how fast tasks are added and performed on this machine and this database.
struct BenchCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the speed of this machine and this database, without touching existing tasks.",
        discussion: """
            Adds tasks that do nothing and performs them with the code of "once", in scratch tables that it removes. \
            On PostgreSQL these are a schema taskrun_bench_… in the named database, where this user needs the right \
            CREATE. On SQLite they are a file taskrun_bench_….db in the same folder, with the same journal mode. The \
            named database need not have taskrun's tables.

              taskrun bench
              taskrun --database postgres://app@db1/shop bench -n 200000
              taskrun bench --json -n 100000 --bytes 1000

            The tasks are added by one bulk insert, like "add -". CPU is the user and kernel time of this program per \
            1,000 performed tasks, without the time of a PostgreSQL server. Peak memory is that of the run while it \
            performs tasks. From commit to start: single tasks are added while a run waits as with "once --linger". \
            The time is measured from the commit to the call of the handler.

            After a SIGKILL the scratch tables stay. The next bench there says how to remove them: DROP SCHEMA \
            taskrun_bench_… CASCADE, or rm taskrun_bench_….db*

            With --json, one object: added_per_second, performed_per_second, cpu_ms_per_1000, peak_memory_mib, \
            latency_p50_ms, latency_p99_ms, latency_tasks, tasks, bytes, concurrency, runs, performed_by_run, \
            database, version, journal_mode, synchronous (SQLite), synchronous_commit, fsync, notify (PostgreSQL), \
            seconds_adding, and seconds (performing).
            """
    )

    @Option(name: .customShort("n"), help: ArgumentHelp("The number of tasks.", valueName: "tasks"))
    var count = 20_000
    @Option(help: ArgumentHelp("Handlers at once (default: as for once)", valueName: "n"))
    var concurrency: String?
    @Option(help: ArgumentHelp("The size of each task's data, in bytes.", valueName: "n"))
    var bytes = 2
    @Option(
        help: ArgumentHelp(
            "SQLite: full, normal or off (default: the setting sqlite_synchronous, else full)",
            valueName: "word"
        ),
        transform: { try ArgumentWord.read($0) }
    )
    var synchronous: Synchronous?
    @Option(
        help: ArgumentHelp("SQLite: wal or delete (default: as the named file, else as migrate)", valueName: "word"),
        transform: { try ArgumentWord.read($0) }
    )
    var journal: JournalMode?
    @Option(help: ArgumentHelp("The number of single tasks to time; 0 for none.", valueName: "tasks"))
    var latency = 50
    @Flag(help: "PostgreSQL: install the triggers of migrate --notify, which wake a waiting run.")
    var notify = false
    @OptionGroup var options: SharedOptions

    func validate() throws {
        for (flag, value, range) in [
            ("-n", count, 1...100_000_000), ("--bytes", bytes, 2...16 << 20), ("--latency", latency, 0...10_000),
        ] where !range.contains(value) {
            throw ValidationError("\(flag) is \(value): expected \(range.lowerBound) to \(range.upperBound).")
        }
    }

    func run(in program: Program) async throws -> ExitStatus {
        var settings = try program.settings(
            options,
            flags: [SettingTable.concurrency.key: concurrency].compactMapValues(\.self)
        )
        if case .postgresql = settings.database, synchronous != nil || journal != nil {
            throw ProgramError(.usage, "--synchronous and --journal are for SQLite", advice: "Leave them out.")
        }
        if case .sqlite = settings.database, notify {
            throw ProgramError(.usage, "--notify is for PostgreSQL", advice: "Leave it out.")
        }
        settings.sqliteSynchronous = synchronous ?? settings.sqliteSynchronous
        let tables = ScratchTables(
            beside: settings.database,
            journal: journal,
            synchronous: settings.sqliteSynchronous
        )
        for removal in await tables.leftovers() {
            program.screen.write("Left by a killed bench, unless that is still running: \(removal)")
        }
        let stop = StopSignal()
        let bench = Bench(program: program, settings: settings, tables: tables, notifies: notify, stop: stop)
        do {
            let report = try await StopSignals.listen(stop, beside: {}) { [count, bytes, latency] in
                try await tables.lend(
                    history: settings.historyRetention,
                    tell: { _ = program.report(ProgramError($0)) }
                ) { store in
                    try await bench.run(BenchLoad(count: count, bytes: bytes), latency: latency, on: store)
                }
            }
            try program.output.write(options.isJSON ? [report.json.line] : report.lines(on: program.output.terminal))
            return .done
        } catch is CancellationError {
            program.screen.write(["Stopped; the scratch tables are removed."], progress: "")
            return .incomplete
        }
    }
}
