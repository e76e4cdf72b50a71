/// How many tasks to claim beyond those that can begin at once.
///
/// A claimed task should begin within about 250 ms. So slow tasks are never claimed ahead, and other runs can claim
/// them. Many short tasks are claimed together, so that the run asks the database less often. From one claim to the
/// next the number at most doubles. It is at most 1,000 tasks, with at most about 16 MiB of payload. The store enforces
/// this limit if payloads are larger than expected.
struct ClaimPace {
    static let horizon = Duration.milliseconds(250)
    static let most = 1000
    static let bytes = 16.0 * 1024 * 1024

    private var mean: Duration?
    private var meanBytes = 0.0
    private var last = 0

    /// Notes the size of a payload; one large payload among small ones is remembered for a while.
    mutating func note(bytes: Int) {
        meanBytes = max(Double(bytes), meanBytes + (Double(bytes) - meanBytes) / 8)
    }

    /// Notes how long a handler took; the mean follows within a few tasks.
    mutating func note(_ took: Duration) {
        mean = mean.map { $0 + (took - $0) / 8 } ?? took
    }

    /// How many tasks to hold ready for this many workers: 0 until a task was performed.
    mutating func ahead(workers: Int) -> Int {
        guard let mean, workers > 0 else { return 0 }
        let fit = Double(workers) * (Self.horizon / max(mean, .nanoseconds(100)))
        let most = min(Double(Self.most), Self.bytes / max(meanBytes, 1))
        last = Int(min(fit, most, Double(max(2 * last, 2 * workers))))
        return last
    }
}
