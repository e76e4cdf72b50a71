import ArgumentParser
import Platform
import SQLiteStore
import SystemPackage
import TaskRun

/// `taskrun bench-run`: one run on tables that are filled already.
///
/// For the measurements in `Benchmarks`: they fill the tables, and let several such runs begin at one moment.
struct BenchRunCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-run",
        abstract: "Perform the tasks of filled scratch tables once a byte arrives on stdin, for measurements.",
        shouldDisplay: false
    )

    @Argument(help: "The scratch tables.")
    var tables: String
    @Option(help: "Handlers at once.")
    var concurrency: String
    @Option(help: "SQLite: the value of PRAGMA synchronous.", transform: { try ArgumentWord.read($0) })
    var synchronous: Synchronous
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options, flags: [SettingTable.concurrency.key: concurrency])
        guard let place = ScratchTables(tables, of: settings.database, synchronous: synchronous) else {
            throw ProgramError(.usage, "\"\(tables)\" names no scratch tables")
        }
        let stop = StopSignal()
        return try await StopSignals.listen(stop, beside: {}) {
            let store = try place.open(history: settings.historyRetention)
            try await store.requireSchema()
            try program.output.write("ready")
            // Nothing comes: the program that started this is gone.
            guard await Self.hasWord() else { return .done }
            let drain = Drain(program: program, settings: settings, teller: SilentTeller(), stop: stop)
            let outcome = try await drain.run(on: store)
            await store.close()
            try program.output.write(String(decoding: try JSONEncoder().encode(outcome), as: UTF8.self))
            return .done
        }
    }

    /// Waits for a byte on stdin, on a thread of its own.
    private static func hasWord() async -> Bool {
        await offPool {
            var byte: UInt8 = 0
            let count = try? withUnsafeMutableBytes(of: &byte) { try FileDescriptor.standardInput.read(into: $0) }
            return count == 1
        }
    }
}

/// A teller for runs that another program starts: it says nothing.
struct SilentTeller: RunTeller {
    func lines(for event: RunEvent, at moment: Duration) -> [String] { [] }
    func progress(at moment: Duration) -> String { "" }
    func summary(_ report: RunReport, unknown: [UnknownName]) -> [String] { [] }
}
