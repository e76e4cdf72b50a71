import TaskRun

/// How soon a task begins after its INSERT was committed, one task at a time on an idle table.
struct Latency: Sendable {
    /// How many tasks are timed.
    static let count = 200
    /// After this no more tasks are timed.
    static let limit: Duration = .seconds(10)

    /// The times, shortest first.
    let times: [Duration]

    /// The time that so many of a hundred do not exceed; nil where nothing was timed.
    func percentile(_ percent: Int) -> Duration? {
        guard !times.isEmpty else { return nil }
        // The nearest rank: the smallest time that at least so many of the times do not exceed.
        let rank = (Double(percent) / 100 * Double(times.count)).rounded(.up)
        return times[min(times.count - 1, max(0, Int(rank) - 1))]
    }

    /// Adds tasks one by one and takes the time from each commit to the call of the handler.
    ///
    /// After each commit a run begins in this process. What starting a process costs is not in it.
    static func measure(
        adding desk: any TaskDesk,
        performing store: any TaskDesk,
        settings: Settings,
        program: Program,
        stop: StopSignal
    ) async throws -> Latency {
        let bell = Ping.Bell()
        let registry = try HandlerRegistry([SwiftHandler(Ping(bell: bell))])
        let logger = program.logger(settings)
        let began = ContinuousClock.now
        var times: [Duration] = []
        while times.count < count, began.duration(to: .now) < limit {
            guard stop.requests == 0 else { throw CancellationError() }
            _ = try await desk.add([NewTask(name: Ping.taskName)])
            let committed = ContinuousClock.now
            _ = try await OneShotRun(
                store: store,
                registry: registry,
                settings: settings.runSettings(registry),
                identity: RunIdentity.ofThisProcess(),
                slots: ProcessSlots(settings.concurrency),
                stop: stop,
                logger: logger
            ).run()
            // A run that could not claim, for whatever reason, is no measure of how soon it does.
            if let moment = bell.take() { times.append(max(.zero, committed.duration(to: moment))) }
        }
        return Latency(times: times.sorted())
    }
}
