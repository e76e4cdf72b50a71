/// How many tasks to claim beyond those that can begin at once.
///
/// What is claimed should begin within about 250 ms: slow tasks are never claimed ahead, so that other runs can have them,
/// and a flood of short ones comes in large batches, so that the database is asked seldom. The number at most doubles
/// from one claim to the next, never passes 1,000, and holds no more than about 16 MB of payload; the store sees to it where that was not foreseen.
struct ClaimPace {
    static let horizon = Duration.milliseconds(250)
    static let most = 1000
    static let bytes = 16.0 * 1024 * 1024

    private var mean: Duration?
    private var meanBytes = 0.0
    private var last = 0

    /// Takes note of how large a payload is; one large payload among small ones is remembered for a while.
    mutating func note(bytes: Int) {
        meanBytes = max(Double(bytes), meanBytes + (Double(bytes) - meanBytes) / 8)
    }

    /// Takes note of how long a handler took; the mean follows within a few tasks.
    mutating func note(_ took: Duration) {
        mean = mean.map { $0 + (took - $0) / 8 } ?? took
    }

    /// How many to hold ready for this many workers: 0 until something was performed.
    mutating func ahead(workers: Int) -> Int {
        guard let mean, workers > 0 else { return 0 }
        let fit = Double(workers) * (Self.horizon / max(mean, .nanoseconds(100)))
        let most = min(Double(Self.most), Self.bytes / max(meanBytes, 1))
        last = Int(min(fit, most, Double(max(2 * last, 2 * workers))))
        return last
    }
}
