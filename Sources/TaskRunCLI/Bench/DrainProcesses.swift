import Platform
import SQLiteStore
import SystemPackage
import TaskRun

/// Performs what is due by several runs at once, each a process of its own.
struct DrainProcesses {
    let count: Int
    let program: Program
    let settings: Settings
    let tables: ScratchTables
    let stop: StopSignal

    /// Starts all, lets them begin together, and waits for all.
    ///
    /// - Returns: Their outcomes, in the order in which they were started.
    /// - Throws: ``ProgramError`` if one did not get through; CancellationError if it was asked to stop. None is left then.
    func run() async throws -> [Drain.Outcome] {
        var runs: [BenchProcess] = []
        do {
            for _ in 0..<count { runs.append(try BenchProcess(arguments, environment: environment)) }
            _ = try await lines(1, of: runs)
            for run in runs { run.begin() }
            let answers = try await lines(2, of: runs)
            try await end(runs)
            return try answers.map { try JSONDecoder().decode(Drain.Outcome.self, from: Data($0.utf8)) }
        } catch {
            for run in runs { run.stop() }
            try? await end(runs)
            for run in runs { run.stop(SIGKILL) }
            try? await end(runs)
            if let error = error as? Errno { throw ProgramError(.tryAgain, "cannot start a run: \(error)") }
            throw error
        }
    }

    /// Waits until each run has said so many lines, and returns the last of each.
    private func lines(_ number: Int, of runs: [BenchProcess]) async throws -> [String] {
        var answers: [String] = []
        for run in runs {
            while true {
                guard stop.requests == 0 else { throw CancellationError() }
                let lines = run.look()
                if lines.count >= number {
                    answers.append(lines[number - 1])
                    break
                }
                if let status = run.status {
                    throw ProgramError(.tryAgain, "run \(answers.count + 1) of \(runs.count) \(Self.ending(status))")
                }
                try await Task.sleep(for: .milliseconds(2))
            }
        }
        return answers
    }

    /// Waits until all have ended, for 5 s at most.
    private func end(_ runs: [BenchProcess]) async throws {
        let limit = ContinuousClock.now.advanced(by: .seconds(5))
        while runs.contains(where: {
            _ = $0.look(); return $0.status == nil
        }), ContinuousClock.now < limit {
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private static func ending(_ status: Int32) -> String {
        let signal = status & 0x7f
        return signal == 0 ? "ended with status \((status >> 8) & 0xff)" : "was ended by signal \(signal)"
    }

    private var arguments: [String] {
        [
            "bench-run", tables.name, "--concurrency", "\(settings.concurrency)",
            "--synchronous", settings.sqliteSynchronous.rawValue,
        ]
    }

    /// The database's address stands in the environment, for every user of the machine can read the command line.
    private var environment: [String: String] {
        var variables = program.variables
        variables[SettingTable.database.variable] = settings.database.text
        return variables
    }
}
