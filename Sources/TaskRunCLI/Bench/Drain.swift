import TaskRun

/// Performs what is due, by one run in this process: the very code of `once`, with a handler that does nothing.
///
/// Its handler slots are its own, so that the runs of this host's real tasks do not matter.
struct Drain {
    /// What a run did and what it cost.
    struct Outcome: Sendable, Codable {
        /// Tasks performed.
        let performed: Int
        /// When it began and ended, in seconds on the clock that all processes of this machine share.
        let begin: Double
        let end: Double
        /// Processor time in milliseconds.
        let processorMilliseconds: Double
        /// The most memory in use at one moment, in bytes.
        let peakMemory: Int
    }

    let program: Program
    let settings: Settings
    /// What is said on the screen.
    let teller: any RunTeller
    let stop: StopSignal

    /// Runs until nothing is due.
    ///
    /// - Throws: What kept the run from going on.
    func run(on store: any TaskStore) async throws -> Outcome {
        ProcessUsage.forgetPeak()
        let logger = program.logger(settings)
        let display = RunDisplay(teller, on: program.screen, log: RunLog(logger: logger))
        defer { display.clear() }
        let registry = try HandlerRegistry([SwiftHandler(NoOp())])
        var run = settings.runSettings(registry)
        run.window = nil
        let (begin, before) = (ProcessUsage.clock, ProcessUsage.processorTime)
        let report = try await Run(
            store: store,
            registry: registry,
            settings: run,
            identity: RunIdentity.ofThisProcess(),
            slots: ProcessSlots(settings.concurrency),
            stop: stop,
            logger: logger,
            observer: { display.observe($0) }
        ).run()
        let spent = ProcessUsage.processorTime - before
        if let trouble = report.trouble { throw trouble }
        return Outcome(
            performed: report.succeeded,
            begin: begin,
            end: ProcessUsage.clock,
            processorMilliseconds: spent / .milliseconds(1),
            peakMemory: ProcessUsage.peakMemory
        )
    }
}

/// Shows how far a measurement is.
struct BenchTeller: RunTeller {
    let bar = ProgressBar(doing: "Performing")
    let total: Int
    private var ended = 0

    init(total: Int) { self.total = total }

    mutating func lines(for event: RunEvent, at moment: Duration) -> [String] {
        if case .ended = event { ended += 1 }
        return []
    }

    func progress(at moment: Duration) -> String {
        moment > .milliseconds(300) ? bar.line(ended, of: total, after: moment) : ""
    }

    func summary(_ report: RunReport, unknown: [UnknownName]) -> [String] { [] }
}
