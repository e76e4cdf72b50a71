import TaskRun

/// How soon a task begins after its INSERT was committed, one task at a time while a run waits.
struct Latency: Sendable {
    /// The times, shortest first.
    let times: [Duration]

    /// The time that this percentage of all times does not exceed, or nil if nothing was timed.
    func percentile(_ percent: Int) -> Duration? {
        guard !times.isEmpty else { return nil }
        // The nearest rank: the smallest time that at least so many of the times do not exceed.
        let rank = (Double(percent) / 100 * Double(times.count)).rounded(.up)
        return times[min(times.count - 1, max(0, Int(rank) - 1))]
    }

    /// Adds tasks one by one while a run waits in this process, as `once --linger` does, and times how soon each
    /// starts.
    ///
    /// They are added on another connection, each a while after the one before has started. A time is from the moment
    /// when the commit of the INSERT is known here to the call of the handler.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - desk: Where they are added.
    ///   - store: Where the run waits.
    ///   - settings: As for any run.
    ///   - program: For its log.
    ///   - stop: Ends it early.
    /// - Returns: The times.
    /// - Throws: CancellationError if it was asked to stop; what kept the run from going on.
    static func measure(
        _ count: Int,
        adding desk: any TaskDatabase,
        performing store: any TaskDatabase,
        settings: Settings,
        program: Program,
        stop: StopSignal
    ) async throws -> Latency {
        let arrival = Ping.Arrival()
        let registry = try HandlerRegistry([SwiftHandler(Ping(arrival: arrival))])
        var waiting = settings.runSettings(registry)
        waiting.window = nil
        let end = StopSignal()
        let run = Run(
            store: store,
            registry: registry,
            settings: waiting,
            identity: RunIdentity.ofThisProcess(),
            slots: ProcessSlots(settings.concurrency),
            stop: end,
            claimingRole: OnlyRun(),
            logger: program.logger(settings)
        )
        async let report = run.run()
        do {
            let times = try await time(count, desk, arrival, program.screen, stop)
            end.request()
            if let trouble = try await report.trouble { throw trouble }
            return Latency(times: times.sorted())
        } catch {
            end.request()
            throw error
        }
    }

    private static func time(
        _ count: Int,
        _ desk: any TaskDatabase,
        _ arrival: Ping.Arrival,
        _ screen: Screen,
        _ stop: StopSignal
    ) async throws -> [Duration] {
        let (began, bar) = (ContinuousClock.now, ProgressBar(doing: "Timing"))
        defer { screen.write([], progress: "") }
        var times: [Duration] = []
        // The first one is not counted: the run begins meanwhile.
        while times.count <= count {
            screen.write([], progress: bar.line(times.count, of: count, after: began.duration(to: .now)))
            _ = try await desk.add([NewTask(name: Ping.taskName)])
            let committed = ContinuousClock.now
            var moment = arrival.take()
            while moment == nil, committed.duration(to: .now) < .seconds(30) {
                guard stop.requests == 0 else { throw CancellationError() }
                try await Task.sleep(for: .milliseconds(1))
                moment = arrival.take()
            }
            // A handler can be called before this thread knows of the commit.
            guard let moment else { break }
            times.append(max(.zero, committed.duration(to: moment)))
            // A random pause, longer than a run without triggers waits between two looks: each task comes at any moment
            // of that wait.
            try await Task.sleep(for: .milliseconds(Int.random(in: 5...160)))
        }
        return Array(times.dropFirst())
    }
}

/// The turn of the only run on its tables.
private struct OnlyRun: ClaimingRole {
    var isWanted: Bool { false }
    func take(unless isCancelled: @escaping @Sendable () -> Bool) async -> Bool { true }
    func listen(_ listener: @escaping @Sendable () -> Void) {}
    func pass() {}
}
