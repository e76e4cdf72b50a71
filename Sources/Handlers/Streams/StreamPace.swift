/// Decides when a program that crashed may be started again, from how often it crashed.
struct StreamPace: Sendable {
    /// What to do for a task that has no program.
    enum Decision: Equatable {
        case start
        case wait(until: ContinuousClock.Instant)
        /// The task is given back with this text: the program does not start, and enough starts were tried.
        case refuse(String)
    }

    /// After this many failed starts in a row, tasks are given back.
    static let startLimit = 3
    /// The longest pause.
    static let longestPause = Duration.seconds(5)

    private var failures = 0
    private var crashes = 0
    private var why = ""
    private var notBefore: ContinuousClock.Instant?

    /// Decides what to do now.
    func decide(now: ContinuousClock.Instant) -> Decision {
        guard let notBefore, now < notBefore else { return .start }
        return hasGivenUp ? .refuse(why) : .wait(until: notBefore)
    }

    /// Whether so many starts in a row have failed that the task for which it was tried is given back.
    var hasGivenUp: Bool { failures >= Self.startLimit }

    /// A start failed: pause 0.1 s, 0.4 s, 1.6 s, 5 s.
    mutating func startFailed(_ text: String, now: ContinuousClock.Instant) {
        failures += 1
        why = text
        notBefore = now + min(.milliseconds(100) * (1 << (2 * min(failures - 1, 10))), Self.longestPause)
    }

    /// It sent its hello.
    mutating func started() { failures = 0 }

    /// It ended without being asked to.
    ///
    /// At first there is no pause, then 0.1 s, 0.2 s, 0.4 s … 5 s, unless a task ends in between.
    mutating func crashed(now: ContinuousClock.Instant) {
        crashes += 1
        guard crashes > 1 else { return }
        notBefore = now + min(.milliseconds(100) * (1 << min(crashes - 2, 10)), Self.longestPause)
    }

    /// A task was answered.
    mutating func answered() { crashes = 0 }
}
