/// How often a task is tried and how long it waits in between.
public struct RetryPolicy: Sendable, Equatable {
    /// Attempts in all, the first included; at least 1, default 20.
    ///
    /// The row's own `max_attempts` takes precedence.
    public var maxAttempts: Int
    /// The wait after the first attempt; default 15 s.
    public var base: Duration
    /// The longest wait, before the spread; default 6 h.
    public var cap: Duration

    /// Creates a policy; with the defaults, a task is tried for about 2.4 days.
    public init(maxAttempts: Int = 20, base: Duration = .seconds(15), cap: Duration = .seconds(6 * 3600)) {
        self.maxAttempts = maxAttempts
        self.base = base
        self.cap = cap
    }

    /// The wait after attempt n: min(base · 2^(n−1), cap), plus 0–25 %.
    ///
    /// With the defaults and no spread: 15 s, 30 s, 60 s, … 6 h from the twelfth on. The spread keeps tasks that
    /// failed together from being retried together; see AWS, "Exponential Backoff And Jitter" (2015).
    ///
    /// - Parameters:
    ///   - attempt: The attempt that failed, from 1.
    ///   - spread: A random number 0 ..< 1; 0 adds nothing, 1 would add a quarter.
    /// - Returns: The wait, to the millisecond.
    public func backoff(afterAttempt attempt: Int, spread: Double) -> Duration {
        let doublings = min(max(attempt - 1, 0), 40)
        let seconds = min(base / .seconds(1) * Double(UInt64(1) << UInt64(doublings)), cap / .seconds(1))
        return .milliseconds(Int64(seconds * (1 + spread / 4) * 1000))
    }
}
