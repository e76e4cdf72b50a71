import ArgumentParser
import Migrations
import PostgreSQLStore
import SQLiteStore
import TaskRun

/// `taskrun bench-rows`: which rows a claim of plain tasks asks for, as SQL.
///
/// For the floors in `Benchmarks`, which take their condition from here, so that a new one in the store is also theirs.
struct BenchRowsCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-rows",
        abstract: "The condition of plain tasks, for measurements of the bare statements.",
        shouldDisplay: false
    )

    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        switch try program.settings(options).database.dialect {
        case .sqlite: try program.output.write(SQLiteStore.plainRows)
        case .postgresql: try program.output.write(PostgreSQLStore.plainRows)
        }
        return .done
    }
}
