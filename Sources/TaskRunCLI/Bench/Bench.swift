import TaskRun

/// A measurement: adds, performs, and times single tasks, one after the other.
struct Bench {
    let program: Program
    let settings: Settings
    let tables: ScratchTables
    /// Whether the database wakes waiting runs when tasks are added.
    let notifies: Bool
    let stop: StopSignal

    /// Measures.
    ///
    /// - Parameters:
    ///   - load: What to add and perform.
    ///   - timed: How many single tasks to time.
    ///   - store: The scratch tables.
    /// - Returns: The figures.
    /// - Throws: CancellationError if it was asked to stop; what keeps it from being measured.
    func run(_ load: BenchLoad, latency timed: Int, on store: any TaskDatabase) async throws -> BenchReport {
        if notifies { _ = try await store.setNotify(true) }
        let conditions = try await tables.conditions(store)
        let adding = try await add(load, to: store)
        let drain = Drain(program: program, settings: settings, teller: BenchTeller(total: load.count), stop: stop)
        let outcome = try await drain.run(on: store)
        guard stop.requests == 0 else { throw CancellationError() }
        guard outcome.performed == load.count else {
            throw ProgramError(
                .tryAgain,
                "\(outcome.performed) of \(load.count) tasks were performed: the run ended too early"
            )
        }
        let latency = try await time(timed, on: store)
        return BenchReport(
            load: load,
            concurrency: settings.concurrency,
            conditions: conditions,
            notifies: try await store.notifies(),
            adding: adding,
            run: outcome,
            latency: latency
        )
    }

    private func time(_ count: Int, on store: any TaskDatabase) async throws -> Latency {
        guard count > 0 else { return Latency(times: []) }
        let desk = try tables.open(history: settings.historyRetention)
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

    private func add(_ load: BenchLoad, to store: any TaskDatabase) async throws -> Duration {
        defer { program.screen.write([], progress: "") }
        let began = ContinuousClock.now
        let isAdded = try await store.add(from: BenchSource(load, screen: program.screen, stop: stop))
        guard isAdded else { throw CancellationError() }
        return began.duration(to: .now)
    }
}
