/// Which task names a run does not claim for a while because their handlers cannot begin, and how many handlers it runs
/// at once if the machine allows no more.
///
/// It decides only from the handlers that did not begin.
struct Holds: Sendable {
    /// The pause of a name: 0.25 s, 0.5 s, 1 s … 60 s, doubled each time.
    static let (firstPause, longestPause) = (Duration.milliseconds(250), Duration.seconds(60))
    /// The longest pause of a name for which a run with nothing else to do still waits.
    ///
    /// With the shorter pauses before it, such a run waits for about 4 s. After a longer pause the next run tries the
    /// name again.
    static let longestWait = Duration.seconds(2)

    private struct Hold {
        var until: ContinuousClock.Instant
        var pause: Duration
        var isWorthWaiting: Bool
        /// Whether the pause is over; the entry stays, because the pause grows if the handler still does not begin.
        var isOver = false
    }

    private var names: [String: Hold] = [:]
    private var reported: Set<String> = []
    /// How many handlers may run at once, or nil for as many as the settings say.
    private(set) var slots: Int?
    private var nextSlots = ContinuousClock.now
    private var shortages = 0

    /// Whether no name is held back, as is nearly always so.
    var isEmpty: Bool { names.isEmpty && slots == nil }

    /// Notes a handler that did not begin.
    ///
    /// - Parameters:
    ///   - name: Its task name.
    ///   - why: What was in the way.
    ///   - running: How many handlers run.
    ///   - now: The present moment.
    /// - Returns: Whether to report it: a shortage once per run, everything else once per name.
    mutating func note(_ name: String, _ why: NotBegun, running: Int, now: ContinuousClock.Instant) -> Bool {
        if why.cause == .scarcity { limitSlots(to: running, now: now) }
        // While other handlers run, there is only no room for more.
        if why.cause != .scarcity || running == 0 { hold(name, isWorthWaiting: why.cause != .handler, now: now) }
        return reported.insert(why.cause == .scarcity ? "" : name).inserted
    }

    private mutating func hold(_ name: String, isWorthWaiting: Bool, now: ContinuousClock.Instant) {
        // Several at once count once.
        if let known = names[name], !known.isOver { return }
        let pause = names[name].map { min($0.pause * 2, Self.longestPause) } ?? Self.firstPause
        names[name] = Hold(until: now.advanced(by: pause), pause: pause, isWorthWaiting: isWorthWaiting)
    }

    private mutating func limitSlots(to running: Int, now: ContinuousClock.Instant) {
        shortages += 1
        slots = max(1, min(running, slots ?? .max))
        nextSlots = now.advanced(by: .seconds(1 << min(shortages - 1, 5)))
    }

    /// Notes a handler that did begin.
    mutating func noteBegun(_ name: String) { names[name] = nil }

    /// Notes the time: names whose pause is over are claimed again, and the number of slots grows.
    ///
    /// - Returns: Whether something may be claimed that was held back before.
    mutating func pass(now: ContinuousClock.Instant, most: Int) -> Bool {
        var isMore = false
        for (name, hold) in names where !hold.isOver && hold.until <= now {
            names[name]?.isOver = true
            isMore = true
        }
        if let slots, nextSlots <= now {
            self.slots = slots * 2 < most ? slots * 2 : nil
            nextSlots = now.advanced(by: .seconds(1))
            isMore = true
        }
        return isMore
    }

    /// Whether a name must not be claimed now.
    func holds(_ name: String) -> Bool { names[name].map { !$0.isOver } ?? false }

    /// The names that may be claimed.
    func claimable(of all: [String]) -> [String] { names.isEmpty ? all : all.filter { !holds($0) } }

    /// When the next name may be claimed again, or nil if none is held back.
    var nextEnd: ContinuousClock.Instant? { names.values.filter { !$0.isOver }.map(\.until).min() }

    /// When to claim again a name for which a run with nothing else to do should wait, or nil if there is none.
    var nextWorthWaiting: ContinuousClock.Instant? {
        names.values.filter { !$0.isOver && $0.isWorthWaiting && $0.pause <= Self.longestWait }.map(\.until).min()
    }
}
