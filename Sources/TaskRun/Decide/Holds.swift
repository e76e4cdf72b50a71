/// Which task names a run leaves alone for a while, as their handlers cannot begin, and how many handlers it has at once
/// where the machine allows no more: decided purely from what did not begin.
struct Holds: Sendable {
    /// The pause of a name: 0.25 s, 0.5 s, 1 s … 60 s, each twice the one before.
    static let (firstPause, longestPause) = (Duration.milliseconds(250), Duration.seconds(60))
    /// A run with nothing else to do waits for pauses of at most this length, in all about 4 s; the rest is the next run's.
    static let longestWait = Duration.seconds(2)

    private struct Hold {
        var until: ContinuousClock.Instant
        var pause: Duration
        var isWorthWaiting: Bool
        /// Whether its time is up; it is kept to grow, should the handler still not begin.
        var isOver = false
    }

    private var names: [String: Hold] = [:]
    private var told: Set<String> = []
    /// How many handlers at once; nil: as many as the settings say.
    private(set) var places: Int?
    private var nextPlaces = ContinuousClock.now
    private var shortages = 0

    /// Whether nothing is held back, as nearly always.
    var isEmpty: Bool { names.isEmpty && places == nil }

    /// Takes note of a handler that did not begin.
    ///
    /// - Parameters:
    ///   - name: Its task name.
    ///   - why: What was in the way.
    ///   - running: How many handlers are at work.
    ///   - now: The moment.
    /// - Returns: Whether it is to be said: of a shortage once a run, of all else once a name.
    mutating func note(_ name: String, _ why: NotBegun, running: Int, now: ContinuousClock.Instant) -> Bool {
        if why.cause == .scarcity { limitPlaces(to: running, now: now) }
        // Where others are at work there is only no room for more.
        if why.cause != .scarcity || running == 0 { hold(name, isWorthWaiting: why.cause != .handler, now: now) }
        return told.insert(why.cause == .scarcity ? "" : name).inserted
    }

    private mutating func hold(_ name: String, isWorthWaiting: Bool, now: ContinuousClock.Instant) {
        // Several at once count once.
        if let known = names[name], !known.isOver { return }
        let pause = names[name].map { min($0.pause * 2, Self.longestPause) } ?? Self.firstPause
        names[name] = Hold(until: now.advanced(by: pause), pause: pause, isWorthWaiting: isWorthWaiting)
    }

    private mutating func limitPlaces(to running: Int, now: ContinuousClock.Instant) {
        shortages += 1
        places = max(1, min(running, places ?? .max))
        nextPlaces = now.advanced(by: .seconds(1 << min(shortages - 1, 5)))
    }

    /// Takes note of a handler that did begin.
    mutating func noteBegun(_ name: String) { names[name] = nil }

    /// Takes note of the time: names whose pause is over are claimed again, and places become more.
    ///
    /// - Returns: Whether something may be claimed that was held back before.
    mutating func pass(now: ContinuousClock.Instant, most: Int) -> Bool {
        var isMore = false
        for (name, hold) in names where !hold.isOver && hold.until <= now {
            names[name]?.isOver = true
            isMore = true
        }
        if let places, nextPlaces <= now {
            self.places = places * 2 < most ? places * 2 : nil
            nextPlaces = now.advanced(by: .seconds(1))
            isMore = true
        }
        return isMore
    }

    /// Whether a name is to be left alone.
    func holds(_ name: String) -> Bool { names[name].map { !$0.isOver } ?? false }

    /// Those that may be claimed.
    func claimable(of all: [String]) -> [String] { names.isEmpty ? all : all.filter { !holds($0) } }

    /// When the next name may be claimed again; nil: none is held back.
    var nextEnd: ContinuousClock.Instant? { names.values.filter { !$0.isOver }.map(\.until).min() }

    /// When to claim again a name for which a run with nothing else to do should wait; nil: for none.
    var nextWorthWaiting: ContinuousClock.Instant? {
        names.values.filter { !$0.isOver && $0.isWorthWaiting && $0.pause <= Self.longestWait }.map(\.until).min()
    }
}
