import TaskRun

/// A measurement: adds, performs, and times single tasks, one after the other.
struct Bench {
    let program: Program
    let settings: Settings
    let tables: ScratchTables
    /// Whether the database is to tell waiting runs of new tasks.
    let notifies: Bool
    let stop: StopSignal

    /// Measures.
    ///
    /// - Parameters:
    ///   - load: What to add and perform.
    ///   - runs: How many runs at once.
    ///   - timed: How many single tasks to time.
    ///   - store: The scratch tables.
    /// - Returns: The figures.
    /// - Throws: CancellationError if it was asked to stop; what keeps it from being measured.
    func run(_ load: BenchLoad, runs: Int, latency timed: Int, on store: any TaskDesk) async throws -> BenchReport {
        if notifies { _ = try await store.setNotify(true) }
        let conditions = try await tables.conditions(store)
        let adding = try await add(load, to: store)
        let outcomes = try await perform(load, runs: runs, on: store)
        guard stop.requests == 0 else { throw CancellationError() }
        let performed = outcomes.reduce(0) { $0 + $1.performed }
        guard performed == load.count else {
            throw ProgramError(
                .tryAgain,
                "\(performed) of \(load.count) tasks were performed: the runs ended too early"
            )
        }
        let latency = try await time(timed, on: store)
        return BenchReport(
            load: load,
            concurrency: settings.concurrency,
            conditions: conditions,
            notifies: try await store.notifies(),
            adding: adding,
            runs: outcomes,
            latency: latency
        )
    }

    private func time(_ count: Int, on store: any TaskDesk) async throws -> Latency {
        guard count > 0 else { return Latency(times: []) }
        let desk = try tables.open()
        let latency = try await Latency.measure(
            count,
            adding: desk,
            performing: store,
            settings: settings,
            program: program,
            stop: stop
        )
        await desk.close()
        return latency
    }

    private func add(_ load: BenchLoad, to store: any TaskDesk) async throws -> Duration {
        defer { program.screen.write([], progress: "") }
        let began = ContinuousClock.now
        let isAdded = try await store.add(from: BenchSource(load, screen: program.screen, stop: stop))
        guard isAdded else { throw CancellationError() }
        return began.duration(to: .now)
    }

    private func perform(_ load: BenchLoad, runs: Int, on store: any TaskDesk) async throws -> [Drain.Outcome] {
        guard runs == 1 else {
            return try await DrainProcesses(
                count: runs,
                program: program,
                settings: settings,
                tables: tables,
                stop: stop
            ).run()
        }
        let drain = Drain(program: program, settings: settings, teller: BenchTeller(total: load.count), stop: stop)
        return [try await drain.run(on: store)]
    }
}
